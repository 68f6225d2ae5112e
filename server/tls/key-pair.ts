import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { UserError } from '../errors.ts'

/** A certificate with those that vouch for it, its own first, and its key: PEM without blank lines. */
export type KeyPair = { readonly chain: string; readonly privateKey: string }

/** HAProxy takes it in one message. */
const largestBytes = 14_000

/**
 * The pair in `text`: PEM files one behind the other in any order, or a tar of such files, which holds them as they
 * are. Throws `UserError` where something is missing, does not belong together, has ended or is too weak.
 */
export function parseKeyPair(text: string): KeyPair {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]{1,60000}-----END \1-----/g)]
  const key = readKey(blocks.filter(([, type]) => type?.endsWith('PRIVATE KEY')).map(([block]) => block))
  const certificates = blocks.filter(([, type]) => type === 'CERTIFICATE').map(([block]) => parse(block))
  if (certificates.length === 0) throw wrong('There is no certificate on stdin', example)
  const own = certificates.find((each) => each.checkPrivateKey(key))
  if (!own) throw wrong('The key does not belong to the certificate', 'Send the two that were made together')
  if (Date.parse(own.validTo) <= Date.now())
    throw wrong(`The certificate ended on ${own.validTo}`, 'Have it renewed where it comes from')
  const pair = {
    chain: chainOf(own, certificates).map(pem).join(''),
    privateKey: plain(key.export({ type: 'pkcs8', format: 'pem' }).toString()),
  }
  assertUsable(pair)
  return pair
}

const example = 'For instance: cat server.crt server.key | ssh paas certs:add'

function readKey(blocks: readonly string[]): KeyObject {
  const [block] = blocks
  if (block === undefined) throw wrong('There is no private key on stdin', example)
  if (blocks.length > 1) throw wrong('There is more than one private key on stdin', example)
  try {
    return createPrivateKey(block)
  } catch (cause) {
    throw new UserError('The private key cannot be read', {
      cause,
      next: 'A key with a passphrase has to lose it first: openssl pkey -in server.key -out plain.key',
    })
  }
}

function parse(block: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (cause) {
    throw new UserError('A certificate on stdin cannot be read', { cause, next: example })
  }
}

/** From the app's own upwards; a root is left out, since whoever trusts it has it. */
function chainOf(own: X509Certificate, all: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain = [own]
  for (let last = own; ; ) {
    const issuer = all.find((each) => !chain.includes(each) && last.checkIssued(each) && !isRoot(each))
    if (!issuer) return chain
    chain.push(issuer)
    last = issuer
  }
}

const isRoot = (certificate: X509Certificate): boolean => certificate.checkIssued(certificate)

/** What OpenSSL refuses here, HAProxy's refuses too, and then it would not start. */
function assertUsable({ chain, privateKey }: KeyPair): void {
  if (chain.length + privateKey.length > largestBytes)
    throw wrong('Certificate and key are larger than 14 kB', 'Leave out what is not needed, or use an EC key')
  try {
    createSecureContext({ cert: chain, key: privateKey })
  } catch (cause) {
    throw new UserError(`The certificate cannot be used: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
      next: 'Have one made with an RSA key of 2048 bits or more, or an EC key',
    })
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPrivateKey(privateKey)
  const isStrong = type === 'ec' || (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048)
  if (!isStrong)
    throw wrong('The key is of a kind that browsers do not take', 'Use RSA of 2048 bits or more, or EC')
}

const pem = (certificate: X509Certificate): string => plain(certificate.toString())

/** A blank line would end HAProxy's message in its middle. */
const plain = (text: string): string =>
  `${text
    .replace(/\r/g, '')
    .replace(/\n{2,}/g, '\n')
    .trim()}\n`

const wrong = (message: string, next: string): UserError => new UserError(message, { next })
