import type { Command } from '../../command.ts'

export default {
  summary: 'Let an app be deployed again',
  right: 'develop',
  plans: true,
  app: 'required',
  examples: ['apps:unlock blog'],
  async run({ paas, app, out, planned }) {
    planned(() => [`deploys: let into ${app.name}`])
    const was = paas.store.appLocks.remove(app.id)
    out.result({ app: app.name, locked: false }, () =>
      out.step(was ? `${app.name} may be deployed again` : `${app.name} was not locked`),
    )
  },
} satisfies Command
