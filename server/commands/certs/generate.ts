import { replaceCertificate, showCertificate } from '../../certificate-change.ts'
import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'
import { hostNames } from '../../routing.ts'
import { selfSigned } from '../../tls/self-signed.ts'

const days = 365

export default {
  summary: 'Make a self-signed certificate for all domains of an app; browsers warn of it',
  right: 'develop',
  plans: true,
  app: 'required',
  examples: ['certs:generate blog'],
  async run(call) {
    const { paas, app, user, out } = call
    const hosts = hostNames(paas, app)
    if (hosts.length === 0)
      throw new UserError(`${app.name} has no domain`, { next: `domains:add ${app.name} www.example.com` })
    const known = paas.store.certificates.of(app.id)
    if (known && known.source !== 'generated' && !call.flags.has('force'))
      throw new UserError(`${app.name} has a certificate already`, {
        next: `Look at it: certs ${app.name}. Replace it: certs:generate ${app.name} --force`,
      })
    call.planned(() => [`certificate: a self-signed one for ${hosts.join(', ')}`])
    const pair = await selfSigned(hosts, days)
    await replaceCertificate(call, 'generated', pair)
    paas.events.record({
      type: 'certificate-added',
      app,
      who: user.name,
      message: `${app.name} has a self-signed certificate`,
    })
    out.step(`${app.name} has a self-signed certificate`)
    showCertificate(call)
  },
} satisfies Command
