import { maySee } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { readyAppLinks } from '../../deploy/link-apps.ts'
import { linkVariable } from '../../deploy/link-network.ts'

export default {
  summary: 'List the apps that an app reaches inside of this machine, and those that reach it',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['links:list', 'links:report'],
  examples: ['links blog', 'links --all --json'],
  async run(call) {
    const { paas, app, out } = call
    const to = readyAppLinks(paas, app).map(({ targetId, alias }) => {
      const [variable, url] = linkVariable(alias)
      return { app: nameOf(call, targetId), variable, url }
    })
    const from = paas.store.appLinks
      .to(app.id)
      .filter(({ state }) => state === 'ready')
      .map(({ appId }) => nameOf(call, appId))
    out.result({ app: app.name, to, from }, () => {
      out.heading(`${app.name} links`)
      out.table(
        ['App', 'Variable', 'URL'],
        [
          ...to.map(({ app: name, variable, url }) => [name ?? 'an app of others', variable, url]),
          ...from.map((name) => [name ?? 'an app of others', 'reaches it', '']),
        ],
      )
    })
  },
} satisfies Command

/** null: one that the person may not see. */
function nameOf({ paas, user }: Call, appId: string): string | null {
  const app = paas.store.apps.byId(appId)
  return maySee(paas.store, user, app) ? app.name : null
}
