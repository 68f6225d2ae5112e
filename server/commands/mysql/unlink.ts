import type { Command } from '../../command.ts'
import { linkOf, unlink } from '../../deploy/link.ts'
import { releaseLine } from '../../plan.ts'
import { linkedService } from '../../services/access.ts'
import { sayLinkChange } from '../../services/say-link.ts'

export default {
  summary: 'Take a database from an app; the database stays',
  right: 'develop',
  plans: true,
  app: 'required',
  appPlace: 'second',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: { 'no-restart': { summary: 'Keep it for the next release' } },
  examples: ['mysql:unlink blog blog'],
  async run(call) {
    const { paas, app, words, flags } = call
    const service = linkedService(call, 'mysql', words[0] ?? '')
    const restart = !flags.has('no-restart')
    call.planned(() => [
      `links: - ${linkOf(paas, app, service).alias} (${service.name})`,
      releaseLine(paas, app, { restart }),
    ])
    const version = await unlink(paas, { ...call.job, service, restart })
    sayLinkChange(call, `Unlinked ${service.name} from ${app.name}`, version)
  },
} satisfies Command
