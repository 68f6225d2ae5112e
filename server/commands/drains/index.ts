import type { Command } from '../../command.ts'
import { shownDrain } from '../../drains/drain-address.ts'

export default {
  summary:
    "List an app's log drains: where its lines are sent, how many wait, and why the last sending failed",
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['drains:list', 'drains:report'],
  examples: ['drains blog', 'drains --all --json'],
  async run({ paas, app, out }) {
    const drains = paas.store.drains.of(app.id).map(({ id, url }) => {
      const { waiting = 0, missed = 0, error = null } = paas.drains.stateOf(id) ?? {}
      return { id, url: shownDrain(url), waiting, missed, error }
    })
    out.result({ app: app.name, drains }, () => {
      out.heading(`${app.name} log drains`)
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
