import type { Command } from '../../command.ts'
import { findRun } from '../../deploy/find-run.ts'

const graceMs = 10_000

export default {
  summary: 'End a one-off container: SIGTERM, after 10 s SIGKILL',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'RUN', audit: 'whole', required: true, looks: (word) => /^(run\.)?[a-z2-7]{6}$/.test(word) },
  ],
  examples: ['run:stop blog run.x7k2ma'],
  async run({ paas, app, words, out, signal, planned }) {
    const { id, container, state, exitCode } = await findRun(paas, app, words[0] ?? '')
    planned(() => (state === 'running' ? [`${id} ends`] : []))
    if (state === 'running') await paas.engine.containers.stop(container, { graceMs, signal })
    const code = state === 'running' ? await paas.engine.containers.wait(container, { signal }) : exitCode
    out.result({ run: id, exitCode: code }, () =>
      out.step(`${id} has ended${code === null ? '' : ` with exit code ${code}`}`),
    )
  },
} satisfies Command
