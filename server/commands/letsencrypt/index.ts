import { visibleApps } from '../../access.ts'
import type { Command } from '../../command.ts'
import { certificateFacts } from '../../tls/certificate-facts.ts'
import { directoryOf, publicHosts } from '../../tls/letsencrypt.ts'

export default {
  summary:
    'List the apps whose certificates are made and renewed by themselves, and until when they are good',
  right: 'anyone',
  app: 'none',
  aliases: ['letsencrypt:list', 'letsencrypt:ls', 'letsencrypt:report'],
  examples: ['letsencrypt', 'letsencrypt:list --json'],
  async run({ paas, user, out }) {
    const apps = visibleApps(paas.store, user).flatMap((app) => {
      if (!paas.store.routeSettings.of(app.id).letsencrypt) return []
      const certificate = paas.store.certificates.of(app.id)
      const failure = paas.renewals.failureOf(app.id, publicHosts(paas, app))
      return {
        app: app.name,
        until: certificate ? certificateFacts(certificate.chain).notAfter.toISOString() : null,
        failure: failure?.message ?? null,
        triedAgain: failure ? new Date(failure.nextAt).toISOString() : null,
      }
    })
    const facts = { server: directoryOf(paas), email: paas.store.acme.setting('email') ?? null, apps }
    out.result(facts, () => {
      out.heading(`asked: ${facts.server}, as ${facts.email ?? 'nobody'}`)
      out.table(
        ['App', 'Good until', 'Last failure'],
        apps.map(({ app, until, failure }) => [app, until ?? 'none', failure ?? '']),
      )
    })
  },
} satisfies Command
