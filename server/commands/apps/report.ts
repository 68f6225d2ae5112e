import type { Command } from '../../command.ts'
import { sizeText } from '../../command-line/size.ts'
import { readyAppLinks } from '../../deploy/link-apps.ts'
import { linkHost } from '../../deploy/link-network.ts'
import { retentionOf } from '../../deploy/retention-of.ts'
import { appUrls } from '../../routing.ts'

export default {
  summary: 'Show what an app is and runs',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['info', 'apps:info', 'dumpsite'],
  examples: ['apps:report blog', 'apps:report blog --json'],
  async run({ paas, app, out }) {
    const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
    const { keep, budgetBytes } = retentionOf(paas.settings, app.retention)
    const facts = {
      name: app.name,
      id: app.id,
      created: app.createdAt,
      release: release ? `v${release.version}` : null,
      commit: release?.commit ?? null,
      status: release ? (app.stopped ? 'stopped' : 'running') : 'not deployed',
      'deploy branch': app.deployBranch,
      formation: paas.store.formations.of(app.id),
      port: release?.port ?? app.port,
      network: app.subnet,
      kept: {
        images: keep,
        imageBytes: budgetBytes,
        logBytes: app.logBytes ?? paas.settings.logBytes,
      },
      links: readyAppLinks(paas, app).map(({ alias }) => linkHost(alias)),
      locked: paas.store.appLocks.of(app.id)?.who ?? null,
      maintenance: paas.store.maintenance.of(app.id).since === null ? 'off' : 'on',
      urls: appUrls(paas, app),
    }
    const words: Readonly<Record<string, string>> = {
      created: `${app.createdAt.slice(0, 19)}Z`,
      kept: `${keep} images within ${sizeText(budgetBytes)}, ${sizeText(facts.kept.logBytes)} of log`,
    }
    out.result(facts, () => {
      out.heading(app.name)
      out.table(
        ['Fact', 'Value'],
        Object.entries(facts).map(([name, value]) => [
          name,
          words[name] ??
            (typeof value === 'object' && value !== null ? plain(value) : String(value ?? 'none')),
        ]),
      )
    })
  },
} satisfies Command

function plain(value: object): string {
  if (Array.isArray(value)) return value.join(' ') || 'none'
  return (
    Object.entries(value)
      .map(([name, each]) => `${name}=${each}`)
      .join(' ') || 'none'
  )
}
