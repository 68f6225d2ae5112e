import type { Command } from '../../command.ts'
import { routeProperties } from '../../route-properties.ts'
import { appHosts, securedHosts } from '../../routing.ts'

export default {
  summary: 'Show how the router treats the requests of an app',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['router:report'],
  examples: ['router blog', 'router:report --all --json'],
  async run({ paas, app, out }) {
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
    }
    out.result(facts, () => {
      out.heading(`${app.name} router`)
      out.table(
        ['Fact', 'Value', 'Change it'],
        [
          ['domains', facts.domains.join(' ') || 'none', 'domains:add'],
          ['secured', secured.join(' ') || 'none', 'letsencrypt:enable, certs:add'],
          ['redirect to https', facts.redirect, 'certs:set redirect'],
          ['hsts', facts.hsts, 'certs:set hsts'],
          ['maintenance', facts.maintenance, 'maintenance:on'],
          ['error page', facts.errorPage, 'router:error-page'],
          ['canonical domain', settings.canonical ?? 'none', 'domains:canonical'],
          ['visitors', visitors.join(' ') || 'everybody', 'router:auth'],
          [
            'redirects',
            Object.entries(redirects)
              .map(([path, to]) => `${path} -> ${to}`)
              .join(', ') || 'none',
            'router:redirect',
          ],
          ...Object.entries(routeProperties).map(([name, property]) => [
            name.replace('-', ' '),
            property.show(settings),
            `router:set ${name}`,
          ]),
        ],
      )
    })
  },
} satisfies Command
