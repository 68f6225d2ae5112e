import { showCertificate } from '../../certificate-change.ts'
import type { Command } from '../../command.ts'
import { hostNames } from '../../routing.ts'
import { directoryOf, obtainCertificate, publicHosts } from '../../tls/letsencrypt.ts'

export default {
  summary: "Get a certificate from Let's Encrypt for all domains of an app, and renew it for ever",
  right: 'develop',
  plans: true,
  app: 'required',
  aliases: ['certs:auto', 'certs:auto:enable'],
  examples: ['letsencrypt:enable blog'],
  async run(call) {
    const { paas, app, out, signal } = call
    const hosts = publicHosts(paas, app)
    call.planned(() => [
      `certificate: one of ${new URL(directoryOf(paas)).host} for ${hosts.join(', ') || 'no domain'}`,
    ])
    const others = hostNames(paas, app).filter((host) => !hosts.includes(host))
    if (hosts.length > 0) out.step(`Asking ${new URL(directoryOf(paas)).host} for ${hosts.join(', ')}`)
    for (const host of others)
      out.detail(
        host.startsWith('*.')
          ? `Left out: ${host}, which is proved by DNS: a hook of the server has to write there`
          : `Left out: ${host}, which cannot be asked for by HTTP`,
      )
    await obtainCertificate(paas, app, { signal, begin: true })
    out.step(`${app.name} has a certificate; it is renewed by itself`)
    showCertificate(call)
  },
} satisfies Command
