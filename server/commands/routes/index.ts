import { visibleApps } from '../../access.ts'
import type { Command } from '../../command.ts'
import { appHosts, routeKey } from '../../routing.ts'

export default {
  summary: 'Show what Redis holds for each domain, and which backend is which container',
  right: 'anyone',
  app: 'optional',
  reads: true,
  aliases: ['listkeys'],
  examples: ['routes', 'routes blog'],
  async run({ paas, appIfAny, user, out }) {
    const apps = appIfAny ? [appIfAny] : visibleApps(paas.store, user)
    const facts = await Promise.all(
      apps.flatMap((app) =>
        appHosts(paas, app).map(async (host) => {
          const key = routeKey(host)
          const [, ...urls] = (await paas.routes.table([key])).get(key) ?? []
          const dead = await paas.routes.dead(key)
          const containers = paas.store.containers.of(app.id)
          const backends = urls.map((url, index) => {
            const found = containers.find((container) => url.startsWith(`http://${container.address}:`))
            return {
              url,
              process: found ? `${found.process}.${found.number}` : 'unknown',
              release: found ? `v${found.version}` : null,
              alive: !dead.has(index),
            }
          })
          return { host, app: app.name, backends }
        }),
      ),
    )
    out.result(facts, () => {
      for (const { host, backends } of facts) {
        out.line(host)
        for (const { url, process, release, alive } of backends) {
          out.line(`===> ${url} ${process}${release ? ` ${release}` : ''}${alive ? '' : ' dead'}`)
        }
        if (backends.length === 0) out.line('===> no backend')
      }
    })
  },
} satisfies Command
