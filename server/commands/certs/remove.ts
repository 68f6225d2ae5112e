import { changeCertificate } from '../../certificate-change.ts'
import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Take the certificate from an app: its domains answer by http alone',
  right: 'develop',
  app: 'required',
  examples: ['certs:remove blog'],
  async run(call) {
    const { paas, app, user, out } = call
    if (!paas.store.certificates.of(app.id))
      throw new UserError(`${app.name} has no certificate`, { next: `certs:generate ${app.name}` })
    await changeCertificate(call, () => {
      paas.store.certificates.remove(app.id)
      paas.store.routeSettings.set(app.id, 'letsencrypt', false)
    })
    paas.events.record({
      type: 'certificate-removed',
      app,
      who: user.name,
      message: `${app.name} has no certificate any more`,
    })
    out.result({ app: app.name, certificate: null }, () =>
      out.step(`${app.name} has no certificate any more`),
    )
  },
} satisfies Command
