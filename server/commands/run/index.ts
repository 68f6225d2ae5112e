import type { Command } from '../../command.ts'
import { parsePairs } from '../../configuration.ts'
import { runOneOff } from '../../deploy/one-off.ts'
import { currentRelease } from '../../deploy/release.ts'

export default {
  summary: "Run a command in a container of the app's release; its exit code comes back",
  right: 'develop',
  app: 'required',
  verbatim: true,
  arguments: [{ name: 'COMMAND', required: true, repeats: true }],
  flags: {
    env: { short: 'e', value: 'KEY=VALUE', summary: 'One more config var, for this run alone' },
    'no-tty': { summary: 'No terminal, although there is one' },
  },
  examples: ['run blog ls -la', 'run blog -e DEBUG=1 -- node task.js', 'run console'],
  async run({ paas, app, words, flags, session, stdin, signal }) {
    return runOneOff(paas, {
      app,
      release: currentRelease(paas, app),
      words,
      environment: parsePairs(flags.values('env'), false),
      terminal: flags.has('no-tty') ? undefined : session.terminal,
      stdin,
      stdout: session.stdout,
      stderr: session.stderr,
      signal,
    })
  },
} satisfies Command
