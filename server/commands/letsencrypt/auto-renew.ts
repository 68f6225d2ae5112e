import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'
import { certificateFacts } from '../../tls/certificate-facts.ts'
import { isRenewalDue, obtainCertificate } from '../../tls/letsencrypt.ts'

export default {
  summary:
    'Renew the certificate of an app now where it is due, or with --force; the server does so by itself',
  right: 'develop',
  app: 'required',
  all: 'every',
  examples: ['letsencrypt:auto-renew blog --force', 'letsencrypt:auto-renew --all'],
  async run({ paas, app, flags, out, signal }) {
    if (!paas.store.routeSettings.of(app.id).letsencrypt) {
      if (flags.has('all')) return
      throw new UserError(`The certificate of ${app.name} is not renewed by itself`, {
        next: `letsencrypt:enable ${app.name}`,
      })
    }
    const isDue = flags.has('force') || isRenewalDue(paas, app)
    if (isDue) await obtainCertificate(paas, app, { signal, begin: false })
    const chain = paas.store.certificates.of(app.id)?.chain
    const until = chain === undefined ? null : certificateFacts(chain).notAfter.toISOString()
    out.result({ app: app.name, renewed: isDue, until }, () =>
      out.step(`${app.name}: ${isDue ? 'renewed' : 'not due yet'}, good until ${until ?? 'never'}`),
    )
  },
} satisfies Command
