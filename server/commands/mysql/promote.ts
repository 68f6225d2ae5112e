import type { Command } from '../../command.ts'
import { promote } from '../../deploy/link.ts'
import { linkedService } from '../../services/access.ts'
import { sayLinkChange } from '../../services/say-link.ts'

export default {
  summary: 'Make this database the one whose config vars have no prefix',
  right: 'develop',
  app: 'required',
  appPlace: 'second',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: { 'no-restart': { summary: 'Keep it for the next release' } },
  examples: ['mysql:promote blog blog'],
  async run(call) {
    const { paas, app, words, flags } = call
    const service = linkedService(call, 'mysql', words[0] ?? '')
    const version = await promote(paas, { ...call.job, service, restart: !flags.has('no-restart') })
    sayLinkChange(call, `Promoted ${service.name} for ${app.name}`, version)
  },
} satisfies Command
