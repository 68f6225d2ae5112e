import { changeCertificate } from '../../certificate-change.ts'
import type { Command } from '../../command.ts'

export default {
  summary: 'No longer renew the certificate of an app, and take it away where it was made so',
  right: 'develop',
  app: 'required',
  aliases: ['certs:auto:disable'],
  examples: ['letsencrypt:disable blog'],
  async run(call) {
    const { paas, app, out } = call
    const { certificates, routeSettings } = paas.store
    await changeCertificate(call, () => {
      routeSettings.set(app.id, 'letsencrypt', false)
      if (certificates.of(app.id)?.source === 'letsencrypt') certificates.remove(app.id)
    })
    out.result({ app: app.name, renewal: 'off' }, () =>
      out.step(`The certificate of ${app.name} is no longer renewed by itself`),
    )
  },
} satisfies Command
