import type { Command } from '../../command.ts'
import { checkDomains, type DomainCheck } from '../../domain-check.ts'
import { exitCode } from '../../errors.ts'
import { appHosts } from '../../routing.ts'
import { hostOf, parseAppDomain } from '../../state/domains.ts'

export default {
  summary:
    "Say whether DNS leads the app's domains here, and any name below the server's; exit code 1 if not",
  right: 'view',
  app: 'required',
  arguments: [{ name: 'DOMAIN', repeats: true, looks: (word) => word.includes('.') }],
  examples: ['domains:check blog', 'domains:check blog www.example.com'],
  async run({ paas, app, words, out }) {
    const { domain } = paas.settings
    const hosts = words.length > 0 ? words.map(parseAppDomain) : [...appHosts(paas, app), `*.${domain}`]
    const checks = await checkDomains([...new Set(hosts.map(hostOf))], { domain })
    out.result({ app: app.name, domains: checks }, () => {
      out.table(
        ['Domain', 'Leads', 'Addresses'],
        checks.map((each) => [each.host, whereTo(each), each.addresses.join(' ') || (each.problem ?? '')]),
      )
      for (const { host } of checks.filter(({ here }) => !here))
        out.line(`${host}: make a DNS record for it, A or AAAA, with this server's address`)
    })
    return checks.every(({ here }) => here) ? exitCode.done : exitCode.failed
  },
} satisfies Command

function whereTo({ here, addresses }: DomainCheck): string {
  if (here) return 'here'
  return addresses.length === 0 ? 'nowhere' : 'elsewhere'
}
