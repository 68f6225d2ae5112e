import type { Command } from '../../command.ts'
import { changeMaintenance } from '../../maintenance-change.ts'

export default {
  summary: 'Answer for an app with a page that says to come back later (503); its containers go on',
  right: 'develop',
  plans: true,
  app: 'required',
  aliases: ['maintenance:enable'],
  examples: ['maintenance:on blog'],
  async run(call) {
    const { paas, app, user, out } = call
    const before = paas.store.maintenance.of(app.id).since
    const since = before ?? new Date().toISOString()
    call.planned(() => [before === null ? 'maintenance: on' : undefined])
    await changeMaintenance(call, { since })
    if (before === null)
      paas.events.record({
        type: 'maintenance-began',
        app,
        who: user.name,
        message: `${app.name} is in maintenance`,
      })
    out.result({ app: app.name, maintenance: true, since }, () => {
      out.step(`${app.name} is in maintenance: every new request is answered with 503`)
      out.detail(`Back again: maintenance:off ${app.name}`)
    })
  },
} satisfies Command
