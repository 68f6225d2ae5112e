import type { Command } from '../../command.ts'
import { unlink } from '../../deploy/link.ts'
import { linkedService } from '../../services/access.ts'
import { sayLinkChange } from '../../services/say-link.ts'

export default {
  summary: 'Take a database from an app; the database stays',
  right: 'develop',
  app: 'required',
  appPlace: 'second',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: { 'no-restart': { summary: 'Keep it for the next release' } },
  examples: ['mysql:unlink blog blog'],
  async run(call) {
    const { paas, app, words, flags } = call
    const service = linkedService(call, 'mysql', words[0] ?? '')
    const version = await unlink(paas, { ...call.job, service, restart: !flags.has('no-restart') })
    sayLinkChange(call, `Unlinked ${service.name} from ${app.name}`, version)
  },
} satisfies Command
