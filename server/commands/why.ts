import { visibleApps } from '../access.ts'
import type { Call, Command } from '../command.ts'
import { UserError } from '../errors.ts'
import type { App } from '../state/apps.ts'
import { type Diagnosis, look } from '../why/look.ts'

export default {
  summary: 'Say what is wrong with an app now (a 502, a crash, a failed deploy), and what to type',
  // Without an app it looks at those that one may see.
  right: 'anyone',
  reads: true,
  app: 'optional',
  examples: ['why blog', 'why', 'why blog --json'],
  async run({ paas, appIfAny, user, out }) {
    const apps = appIfAny ? [appIfAny] : visibleApps(paas.store, user)
    if (apps.length === 0) throw new UserError('You have no app yet', { next: 'git push paas:blog main' })
    const all = await Promise.all(apps.map(async (app) => ({ app, diagnosis: await look(paas, app) })))
    const facts = all.map(({ app, diagnosis }) => ({
      app: app.name,
      release: app.release === null ? null : `v${app.release}`,
      ...diagnosis,
      next: nextOf(app, diagnosis),
    }))
    out.result(appIfAny ? facts[0] : facts, () => {
      for (const { app, diagnosis } of all) say(out, app, diagnosis)
      const first = all.find(({ diagnosis }) => diagnosis.findings.length > 0) ?? all[0]
      if (first) out.line(`Type: ${nextOf(first.app, first.diagnosis)}`)
    })
  },
} satisfies Command

function say(out: Call['out'], app: App, { findings, unseen, lookedAt }: Diagnosis): void {
  for (const { what, details = [] } of findings) {
    out.line(`${app.name}: ${what}`)
    for (const line of details) out.line(`       ${line}`)
  }
  for (const { looksAt, why } of unseen) out.line(`${app.name}: not known ${looksAt}: ${why}`)
  if (findings.length > 0 || unseen.length > 0) return
  out.line(`${app.name}: nothing is wrong; v${app.release} serves`)
  out.line(`       looked at: ${lookedAt.join('; ')}`)
}

const nextOf = (app: App, { findings, unseen }: Diagnosis): string =>
  findings[0]?.next ?? (unseen.length > 0 ? 'make status' : `logs ${app.name}`)
