import type { Command } from '../../command.ts'
import { currentRelease, formationFor } from '../../deploy/release.ts'
import { start } from '../../deploy/stop.ts'

export default {
  summary: 'Start the containers of a stopped app, or what has crashed',
  right: 'develop',
  plans: true,
  app: 'required',
  all: 'deployed',
  examples: ['ps:start blog'],
  async run({ paas, app, out, job, planned }) {
    planned(() => {
      const { version, processes } = currentRelease(paas, app)
      const formation = formationFor(paas, app, processes)
      const wanted = Object.entries(formation).map(([process, quantity]) => `${process}=${quantity}`)
      return [`runs: ${wanted.join(' ')} on v${version}`]
    })
    await start(paas, job)
    out.result({ app: app.name, stopped: false }, () => out.step(`${app.name} runs`))
  },
} satisfies Command
