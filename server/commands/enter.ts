import { placeOf } from '../checks/subject.ts'
import type { Command } from '../command.ts'
import { enterProcess } from '../deploy/enter-process.ts'
import { UserError } from '../errors.ts'

export default {
  summary: 'Run a command, or a shell, beside a running process; its exit code comes back',
  right: 'develop',
  plans: true,
  app: 'required',
  verbatim: true,
  aliases: ['ps:exec'],
  arguments: [{ name: 'PROCESS' }, { name: 'COMMAND', repeats: true }],
  flags: { 'no-tty': { summary: 'No terminal, although there is one' } },
  examples: ['enter blog', 'enter blog web.1', 'enter blog worker.2 ls -la /tmp'],
  async run({ paas, app, words, flags, session, stdin, signal, planned }) {
    const live = paas.store.containers.of(app.id, 'live').filter(({ name }) => paas.proved.has(name))
    const [word = ''] = words
    const named = live.find((each) => each.process === word || placeOf(each) === word)
    // `web.9` can only have been meant as a process.
    const missing = !named && /^[a-z][\w-]*\.\d+$/.test(word)
    const container = named ?? (missing ? undefined : live[0])
    if (!container)
      throw new UserError(`${app.name} runs no ${missing ? word : 'process to enter'}`, {
        next: `What runs: ps ${app.name}; a container of its own: run ${app.name} sh`,
      })
    const command = named ? words.slice(1) : words
    planned(() => [`a process in ${placeOf(container)}: ${command.join(' ') || 'a shell'}`])
    return enterProcess(paas, {
      container,
      command,
      terminal: flags.has('no-tty') ? undefined : session.terminal,
      stdin,
      stdout: session.stdout,
      stderr: session.stderr,
      signal,
    })
  },
} satisfies Command
