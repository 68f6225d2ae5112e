import type { Command } from '../../command.ts'
import { linkOf, promote } from '../../deploy/link.ts'
import { releaseLine } from '../../plan.ts'
import { linkedService } from '../../services/access.ts'
import { sayLinkChange } from '../../services/say-link.ts'

export default {
  summary: 'Make this database the one whose config vars have no prefix',
  right: 'develop',
  plans: true,
  app: 'required',
  appPlace: 'second',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: { 'no-restart': { summary: 'Keep it for the next release' } },
  examples: ['mysql:promote blog blog'],
  async run(call) {
    const { paas, app, words, flags } = call
    const service = linkedService(call, 'mysql', words[0] ?? '')
    const restart = !flags.has('no-restart')
    call.planned(() => [
      `links: ${linkOf(paas, app, service).alias} is the one without a prefix`,
      releaseLine(paas, app, { restart }),
    ])
    const version = await promote(paas, { ...call.job, service, restart })
    sayLinkChange(call, `Promoted ${service.name} for ${app.name}`, version)
  },
} satisfies Command
