import type { Call } from './command.ts'
import { hostNames, securedHosts } from './routing.ts'
import type { CertificateSource } from './state/certificates.ts'
import { certificateFacts } from './tls/certificate-facts.ts'
import type { KeyPair } from './tls/key-pair.ts'
import { publicHosts } from './tls/letsencrypt.ts'

/**
 * Makes `change` to the app's certificate or what goes with it, and returns when every router serves it so. Throws
 * `UnavailableError` where a router is down.
 */
export async function changeCertificate({ paas, app, signal }: Call, change: () => void): Promise<void> {
  await paas.routes.assertReady(signal)
  paas.store.transaction(change)
  const pair = paas.store.certificates.open(app.id)
  if (pair) paas.certificateFiles.write(pair)
  await paas.routes.publish(app.id)
  paas.certificateFiles.prune()
}

/** Gives the app a certificate that no authority renews. */
export async function replaceCertificate(
  call: Call,
  source: Exclude<CertificateSource, 'letsencrypt'>,
  pair: KeyPair,
): Promise<void> {
  const { store } = call.paas
  await changeCertificate(call, () => {
    store.certificates.replace(call.app.id, source, pair)
    // Else the next renewal would take its place.
    store.routeSettings.set(call.app.id, 'letsencrypt', false)
  })
}

/** Says what the app has now. */
export function showCertificate({ paas, app, out }: Call): void {
  const certificate = paas.store.certificates.of(app.id)
  const settings = paas.store.routeSettings.of(app.id)
  const facts = certificate && certificateFacts(certificate.chain)
  const secured = securedHosts(paas, app)
  const report = {
    app: app.name,
    certificate: certificate?.source ?? null,
    names: facts?.names ?? [],
    issuer: facts?.issuer ?? null,
    from: facts?.notBefore.toISOString() ?? null,
    until: facts?.notAfter.toISOString() ?? null,
    fingerprint: facts?.fingerprint ?? null,
    secured,
    plain: hostNames(paas, app).filter((host) => !secured.includes(host)),
    redirect: settings.redirect ? 'on' : 'off',
    hsts: settings.hsts ? 'on' : 'off',
    renewal: settings.letsencrypt ? 'automatic' : 'off',
    failure: paas.renewals.failureOf(app.id, publicHosts(paas, app))?.message ?? null,
  }
  out.result(report, () => {
    out.heading(`${app.name} certificate`)
    out.table(
      ['Fact', 'Value'],
      Object.entries(report)
        .slice(1)
        .map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(' ') || 'none' : String(value ?? 'none'),
        ]),
    )
  })
}
