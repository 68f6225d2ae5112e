import type { Command } from '../../command.ts'
import { planRestart, restart } from '../../deploy/restart.ts'

export default {
  summary: 'Replace the containers, also with config that is pending, without losing a request',
  right: 'develop',
  plans: true,
  app: 'required',
  all: 'deployed',
  arguments: [{ name: 'TYPE', audit: 'whole' }],
  aliases: ['restart'],
  examples: ['ps:restart blog', 'restart blog worker'],
  async run({ paas, app, words, out, job, planned }) {
    planned(() => planRestart(paas, app, words[0]))
    const version = await restart(paas, { ...job, process: words[0] })
    out.result({ app: app.name, release: `v${version}` }, () =>
      out.step(`Restarted ${app.name} ${words[0] ?? ''} on v${version}`.replace('  ', ' ')),
    )
  },
} satisfies Command
