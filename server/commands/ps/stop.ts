import type { Command } from '../../command.ts'
import { currentRelease } from '../../deploy/release.ts'
import { stop } from '../../deploy/stop.ts'

export default {
  summary: 'Stop all containers until ps:start',
  right: 'develop',
  plans: true,
  app: 'required',
  all: 'deployed',
  examples: ['ps:stop blog'],
  async run({ paas, app, out, job, planned }) {
    planned(() => {
      currentRelease(paas, app)
      const running = paas.store.containers.of(app.id, 'live').length
      return [app.stopped ? undefined : `stopped: ${running} containers, until ps:start`]
    })
    await stop(paas, job)
    out.result({ app: app.name, stopped: true }, () =>
      out.step(`${app.name} is stopped; again: ps:start ${app.name}`),
    )
  },
} satisfies Command
