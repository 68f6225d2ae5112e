import type { Command } from '../../command.ts'
import { freeAlias, link } from '../../deploy/link.ts'
import { releaseLine } from '../../plan.ts'
import { ownedService } from '../../services/access.ts'
import { sayLinkChange } from '../../services/say-link.ts'

export default {
  summary: 'Give an app a database: DATABASE_URL, DB_HOST and so on in its environment',
  right: 'develop',
  plans: true,
  app: 'required',
  appPlace: 'second',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: {
    as: {
      value: 'ALIAS',
      audit: 'whole',
      summary: 'Prefix of its config vars: BLUE gives BLUE_DATABASE_URL',
    },
    'no-restart': { summary: 'Keep it for the next release' },
  },
  examples: ['mysql:link blog blog', 'mysql:link orders shop --as ORDERS'],
  async run(call) {
    const { paas, app, words, flags, out } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    const restart = !flags.has('no-restart')
    call.planned(() => [
      `links: + ${freeAlias(paas, app, service, flags.value('as'))} (${service.name})`,
      releaseLine(paas, app, { restart }),
    ])
    const done = await link(paas, { ...call.job, service, restart, alias: flags.value('as') })
    sayLinkChange(call, `Linked ${service.name} to ${app.name} as ${done.link.alias}`, done.version)
    const given = paas.provisioning.kind('mysql').environment(service, done.link)
    const config = paas.store.config.of(app.id)
    const hidden = done.link.primary ? Object.keys(given).filter((name) => Object.hasOwn(config, name)) : []
    if (hidden.length > 0) {
      out.trouble(`The app's own config vars win over the link's: ${hidden.join(', ')}`)
      out.trouble(`To use the link's: config:unset ${app.name} ${hidden.join(' ')}`)
    }
  },
} satisfies Command
