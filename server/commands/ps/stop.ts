import type { Command } from '../../command.ts'
import { stop } from '../../deploy/stop.ts'

export default {
  summary: 'Stop all containers until ps:start',
  right: 'develop',
  app: 'required',
  all: 'deployed',
  examples: ['ps:stop blog'],
  async run({ paas, app, out, job }) {
    await stop(paas, job)
    out.result({ app: app.name, stopped: true }, () =>
      out.step(`${app.name} is stopped; again: ps:start ${app.name}`),
    )
  },
} satisfies Command
