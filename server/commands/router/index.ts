import type { Command } from '../../command.ts'
import { sizeText } from '../../command-line/size.ts'
import { appHosts, securedHosts } from '../../routing.ts'

export default {
  summary: 'Show how the router treats the requests of an app',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['router:report'],
  examples: ['router blog', 'router:report --all --json'],
  async run({ paas, app, out }) {
    const { redirect, hsts, bodyLimitBytes } = paas.store.routeSettings.of(app.id)
    const secured = securedHosts(paas, app)
    const isOn = (on: boolean): string => (on ? 'on' : 'off')
    const facts = {
      app: app.name,
      domains: appHosts(paas, app),
      secured,
      redirect: isOn(redirect && secured.length > 0),
      hsts: isOn(hsts && secured.length > 0),
      maintenance: isOn(paas.store.maintenance.of(app.id).since !== null),
      bodyLimitBytes,
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
          [
            'body limit',
            bodyLimitBytes === null ? 'none' : sizeText(bodyLimitBytes),
            'router:set body-limit',
          ],
        ],
      )
    })
  },
} satisfies Command
