import { maySee, mayUse } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { routeProperties } from '../../route-properties.ts'
import { appHosts, securedHosts } from '../../routing.ts'
import { hostOf } from '../../state/domains.ts'

export default {
  summary: 'Show how the router treats the requests of an app',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['router:report'],
  examples: ['router blog', 'router:report --all --json'],
  async run(call) {
    const { paas, app, out } = call
    const { trustedProxies, proxyProtocol } = paas.settings
    const settings = paas.store.routeSettings.of(app.id)
    const { redirect, hsts, errorPage, letsencrypt: _, ...others } = settings
    const visitors = Object.keys(paas.store.visitors.of(app.id))
    const redirects = paas.store.redirects.of(app.id)
    const secured = securedHosts(paas, app)
    const isOn = (on: boolean): string => (on ? 'on' : 'off')
    const facts = {
      app: app.name,
      domains: appHosts(paas, app),
      secured,
      redirect: isOn(redirect && secured.length > 0),
      hsts: isOn(hsts && secured.length > 0),
      maintenance: isOn(paas.store.maintenance.of(app.id).since !== null),
      ...others,
      errorPage: errorPage === null ? 'ours' : 'own',
      visitors,
      redirects,
      otherPaths: otherPaths(call),
      trustedProxies,
      proxyProtocol: isOn(proxyProtocol),
    }
    out.result(facts, () => {
      out.heading(`${app.name} router`)
      out.table(
        ['Fact', 'Value', 'Change it'],
        [
          ['domains', facts.domains.join(' ') || 'none', 'domains:add'],
          ['paths of other apps', pairs(facts.otherPaths), 'domains:add'],
          ['secured', secured.join(' ') || 'none', 'letsencrypt:enable, certs:add'],
          ['redirect to https', facts.redirect, 'certs:set redirect'],
          ['hsts', facts.hsts, 'certs:set hsts'],
          ['maintenance', facts.maintenance, 'maintenance:on'],
          ['error page', facts.errorPage, 'router:error-page'],
          ['canonical domain', settings.canonical ?? 'none', 'domains:canonical'],
          ['visitors', visitors.join(' ') || 'everybody', 'router:auth'],
          ['redirects', pairs(redirects), 'router:redirect'],
          ...Object.entries(routeProperties).map(([name, property]) => [
            name.replace('-', ' '),
            property.show(settings),
            `router:set ${name}`,
          ]),
          ['trusted proxies', trustedProxies.join(' ') || 'none', 'PAAS_TRUSTED_PROXIES in .env'],
          ['proxy protocol', facts.proxyProtocol, 'PAAS_PROXY_PROTOCOL in .env'],
        ],
      )
    })
  },
} satisfies Command

const pairs = (map: Readonly<Record<string, string>>): string =>
  Object.entries(map)
    .map(([path, to]) => `${path} -> ${to}`)
    .join(', ') || 'none'

/** Paths of the app's host names that lead to other apps: to the name of each, where this person may know it. */
function otherPaths({ paas, app, user }: Call): Readonly<Record<string, string>> {
  const { store } = paas
  const speaksFor = mayUse(store, user, 'develop', app)
  const hosts = new Set(appHosts(paas, app).filter((domain) => hostOf(domain) === domain))
  const others = [...hosts].flatMap((host) => store.domains.withPathOf(host)).filter((id) => id !== app.id)
  return Object.fromEntries(
    [...new Set(others)].flatMap((id) => {
      const other = store.apps.byId(id)
      const name = maySee(store, user, other) || speaksFor ? other.name : 'another app'
      return store.domains
        .of(id)
        .filter((domain) => hostOf(domain) !== domain && hosts.has(hostOf(domain)))
        .map((domain) => [domain, name])
    }),
  )
}
