import type { Call, Command } from '../../command.ts'
import { linkedApps, ownedService } from '../../services/access.ts'
import type { Service } from '../../state/services.ts'

export default {
  summary: 'Show what a database is; --dsn: how a client on the server gets in',
  right: 'anyone',
  app: 'none',
  reads: true,
  arguments: [{ name: 'NAME', required: true }],
  flags: { dsn: { summary: 'Print its URL with the password, and nothing else' } },
  examples: ['mysql:info blog', 'mysql:info blog --dsn'],
  async run(call) {
    const { paas, words, flags, out } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    const kind = paas.provisioning.kind(service.kind)
    if (flags.has('dsn')) {
      const dsn = kind.dsn(service)
      return out.result({ dsn }, () => out.line(dsn))
    }
    const facts = {
      name: service.name,
      created: service.createdAt,
      apps: linkedApps(call, service).join(' '),
      exposed: exposedFrom(call, service),
      ...(await kind.facts(service)),
    }
    out.result(facts, () => {
      out.heading(service.name)
      out.table(
        ['Fact', 'Value'],
        Object.entries(facts).map(([name, value]) => [name, String(value)]),
      )
    })
  },
} satisfies Command

/** Where clients outside of the server may come from; empty: from nowhere. */
function exposedFrom({ paas }: Call, service: Service): string {
  const exposure = paas.store.exposures.of(service.id)
  return exposure?.state === 'ready' ? exposure.source : ''
}
