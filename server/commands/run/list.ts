import type { Command } from '../../command.ts'
import { runsOf } from '../../deploy/detached-runs.ts'

export default {
  summary: 'List the one-off containers: those that run, and detached ones that have ended',
  // Their commands may name secrets.
  right: 'develop',
  reads: true,
  app: 'required',
  examples: ['run:list blog', 'run:list blog --json'],
  async run({ paas, app, out }) {
    const runs = await runsOf(paas, app)
    out.result(runs, () => {
      out.heading(`${app.name} runs`)
      if (runs.length === 0) out.line(`Nothing runs: run ${app.name} sh`)
      out.table(
        ['Run', 'State', 'Release', 'By', 'Since', 'Kept until', 'Command'],
        runs.map(({ id, state, exitCode, release, who, startedAt, until, command }) => [
          id,
          exitCode === null ? state : `${state} (${exitCode})`,
          release,
          who ?? '-',
          startedAt === null ? '-' : `${startedAt.slice(0, 19)}Z`,
          until === null ? '-' : `${until.slice(0, 19)}Z`,
          command ?? '-',
        ]),
      )
    })
  },
} satisfies Command
