import { createHash, X509Certificate } from 'node:crypto'

/** What a certificate says of itself. */
export type CertificateFacts = {
  /** Host names, `*.parent` among them. */
  readonly names: readonly string[]
  readonly issuer: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly selfSigned: boolean
  /** SHA-256, as browsers show it. */
  readonly fingerprint: string
}

/** The facts of the first certificate of `chain`. */
export function certificateFacts(chain: string): CertificateFacts {
  const certificate = new X509Certificate(chain)
  return {
    names: [...(certificate.subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name = '']) =>
      name.toLowerCase(),
    ),
    issuer: certificate.issuer.split('\n').reverse().join(', '),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    selfSigned: certificate.checkIssued(certificate),
    fingerprint: certificate.fingerprint256,
  }
}

/** Whether a certificate with these names is good for `host`, which may be `*.parent` itself. */
export function covers(names: readonly string[], host: string): boolean {
  return names.includes(host) || (!host.startsWith('*.') && names.includes(host.replace(/^[^.]+/, '*')))
}

/** Name of the file that `chain` and its key are in, for HAProxy. */
export const certificateFile = (chain: string): string =>
  `${createHash('sha256').update(chain).digest('hex')}.pem`
