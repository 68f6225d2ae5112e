import type { Command } from '../../command.ts'
import { start } from '../../deploy/stop.ts'

export default {
  summary: 'Start the containers of a stopped app, or what has crashed',
  right: 'develop',
  app: 'required',
  all: 'deployed',
  examples: ['ps:start blog'],
  async run({ paas, app, out, job }) {
    await start(paas, job)
    out.result({ app: app.name, stopped: false }, () => out.step(`${app.name} runs`))
  },
} satisfies Command
