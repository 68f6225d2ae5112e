import type { Command } from '../../command.ts'
import { changeMaintenance } from '../../maintenance-change.ts'

export default {
  summary: 'Let visitors in again',
  right: 'develop',
  plans: true,
  app: 'required',
  aliases: ['maintenance:disable'],
  examples: ['maintenance:off blog'],
  async run(call) {
    const { paas, app, user, out } = call
    const before = paas.store.maintenance.of(app.id).since
    call.planned(() => [before === null ? undefined : 'maintenance: off'])
    await changeMaintenance(call, { since: null })
    if (before !== null)
      paas.events.record({
        type: 'maintenance-ended',
        app,
        who: user.name,
        message: `${app.name} is out of maintenance`,
      })
    out.result({ app: app.name, maintenance: false, since: null }, () =>
      out.step(`${app.name} is out of maintenance`),
    )
  },
} satisfies Command
