import type { Command } from '../../command.ts'
import { exitCode } from '../../errors.ts'

export default {
  summary: 'Say whether deploys are kept off an app, by whom and why; exit code 1 where they are not',
  right: 'view',
  app: 'required',
  examples: ['apps:locked blog'],
  async run({ paas, app, out }) {
    const lock = paas.store.appLocks.of(app.id)
    out.result({ app: app.name, locked: lock !== undefined, ...lock }, () =>
      out.line(
        lock
          ? `${app.name} is locked by ${lock.who} since ${lock.since.slice(0, 19)}Z${lock.reason === null ? '' : `: ${lock.reason}`}`
          : `${app.name} is not locked`,
      ),
    )
    return lock ? exitCode.done : exitCode.failed
  },
} satisfies Command
