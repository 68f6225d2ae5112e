import type { Command } from '../../command.ts'
import { parsePairs } from '../../configuration.ts'
import { currentRelease } from '../../deploy/release.ts'
import { runDetached } from '../../deploy/run-detached.ts'
import { UsageError } from '../../errors.ts'

const longestMs = 24 * 3_600_000

export default {
  summary: 'Run a command in a container of its own and leave: it goes on for a day at most',
  right: 'develop',
  plans: true,
  app: 'required',
  verbatim: true,
  arguments: [{ name: 'COMMAND', required: true, repeats: true }],
  flags: {
    env: { short: 'e', value: 'KEY=VALUE', audit: 'key', summary: 'One more config var, for this run alone' },
    lifetime: { value: 'TIME', summary: 'When it is ended and forgotten: 30s, 10m, 2h; 24h without' },
  },
  examples: ['run:detached blog node import.js', 'run:detached blog --lifetime 2h -- ./backup'],
  async run({ paas, app, words, flags, user, out, planned }) {
    const lifetimeMs = lifetimeOf(flags.value('lifetime') ?? '24h')
    const release = currentRelease(paas, app)
    planned(() => [`a container of v${release.version} that goes on and runs: ${words.join(' ')}`])
    const id = await runDetached(paas, {
      app,
      release,
      words,
      environment: parsePairs(flags.values('env'), false),
      who: user.name,
      lifetimeMs,
    })
    out.result({ app: app.name, run: id }, () => {
      out.line(id)
      out.detail(`What it prints: run:logs ${app.name} ${id} -t; end it: run:stop ${app.name} ${id}`)
    })
  },
} satisfies Command

function lifetimeOf(word: string): number {
  const [, amount, unit] = /^(\d{1,6})([smh])$/.exec(word) ?? []
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[unit ?? ''] ?? 0
  const lifetimeMs = Number(amount ?? 0) * unitMs
  if (lifetimeMs > 0 && lifetimeMs <= longestMs) return lifetimeMs
  throw new UsageError(`--lifetime ${word.slice(0, 40)} is not a time from 1s to 24h`, {
    next: 'For instance: --lifetime 2h',
  })
}
