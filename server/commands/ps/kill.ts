import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Kill one container; it is started again',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'TYPE.N', audit: 'whole', required: true, looks: (word) => word.includes('.') }],
  examples: ['ps:kill blog web.1'],
  async run({ paas, app, words, out, planned }) {
    const place = words[0] ?? ''
    const container = paas.store.containers
      .of(app.id, 'live')
      .find((each) => `${each.process}.${each.number}` === place)
    if (!container)
      throw new UserError(`${app.name} runs no ${place.slice(0, 40)}`, { next: `What runs: ps ${app.name}` })
    planned(() => [`${place} of v${container.version} is killed, and started again`])
    await paas.engine.containers.kill(container.name)
    out.result({ killed: place }, () => out.step(`Killed ${place}; it is started again`))
  },
} satisfies Command
