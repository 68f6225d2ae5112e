import type { Command } from '../../command.ts'
import { shownDrain } from '../../drains/drain-address.ts'

export default {
  summary:
    "List an app's log drains, with --global those of every app: where its lines are sent, how many wait, and why the last sending failed",
  right: 'view',
  app: 'required',
  all: 'every',
  shared: true,
  aliases: ['drains:list', 'drains:report'],
  examples: ['drains blog', 'drains --global', 'drains --all --json'],
  async run({ paas, appIfAny: app, out }) {
    const drains = paas.store.drains.of(app?.id ?? null).map(({ id, url }) => {
      const { waiting = 0, missed = 0, error = null } = paas.drains.stateOf(id) ?? {}
      return { id, url: shownDrain(url), waiting, missed, error }
    })
    out.result({ app: app?.name ?? null, drains }, () => {
      out.heading(app ? `${app.name} log drains` : 'Log drains of every app')
      out.table(
        ['Drain', 'URL', 'State'],
        drains.map(({ id, url, waiting, missed, error }) => [
          id,
          url,
          error === null
            ? `${waiting} lines wait`
            : `${error}; ${waiting} lines wait${missed > 0 ? `, ${missed} were missed` : ''}`,
        ]),
      )
    })
  },
} satisfies Command
