import { webcrypto } from 'node:crypto'
import type { KeyPair } from './key-pair.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const dayMs = 24 * 60 * 60 * 1000

/** A certificate for `hosts` that nobody but itself vouches for, valid for `days`, with a new key. */
export async function selfSigned(hosts: readonly string[], days: number): Promise<KeyPair> {
  // Its ASN.1 costs memory that a server without certificates can keep.
  const { X509CertificateGenerator, SubjectAlternativeNameExtension, BasicConstraintsExtension } =
    await import('@peculiar/x509')
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: ['paas, self-signed'] }],
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + days * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: 'dns' as const, value }))),
    ],
  })
  const privateKey = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    chain: `${certificate.toString('pem').trim()}\n`,
    privateKey: `-----BEGIN PRIVATE KEY-----\n${privateKey.toString('base64').replace(/.{64}/g, '$&\n').trim()}\n-----END PRIVATE KEY-----\n`,
  }
}
