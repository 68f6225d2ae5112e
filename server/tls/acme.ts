import { InterruptedError, PaasError, UnavailableError, UserError } from '../errors.ts'
import type { KeyPair } from './key-pair.ts'

const answerMs = 10_000

export type CertificateOrder = {
  /** URL of the certificate authority's directory. */
  readonly directory: string
  /** PEM. */
  readonly accountKey: string
  /** Who gets its letters; undefined: nobody. */
  readonly email: string | undefined
  readonly hosts: readonly string[]
  /** Returns when `answer` is served at `http://HOST/.well-known/acme-challenge/TOKEN`. */
  readonly serve: (token: string, answer: string) => Promise<void>
  /** Returns when `value` is a TXT record of `_acme-challenge.HOST`. Of wildcards alone, HOST being what is below. */
  readonly writeDns: (host: string, value: string) => Promise<void>
  readonly signal: AbortSignal
}

/**
 * Has a certificate authority make a certificate for all of `hosts`, with a new key, by ACME's HTTP-01, of
 * wildcards by DNS-01 (RFC 8555). An
 * account is made where this key has none yet. Throws `UserError` with the authority's words where it refuses,
 * `UnavailableError` where it does not answer.
 */
export async function orderCertificate(order: CertificateOrder): Promise<KeyPair> {
  const { hosts, signal } = order
  await assertAnswers(order.directory, signal)
  const { Client, crypto } = await acmeClient()
  const [privateKey, csr] = await crypto.createCsr(
    { altNames: [...hosts] },
    await crypto.createPrivateEcdsaKey(),
  )
  const client = new Client({
    directoryUrl: order.directory,
    accountKey: order.accountKey,
    backoffMin: 1_000,
    backoffMax: 10_000,
  })
  const work = client.auto({
    csr,
    ...(order.email === undefined ? {} : { email: order.email }),
    termsOfServiceAgreed: true,
    challengePriority: ['http-01', 'dns-01'],
    challengeCreateFn: ({ identifier }, challenge, answer) =>
      challenge.type === 'dns-01'
        ? order.writeDns(identifier.value, answer)
        : order.serve(challenge.token, answer),
    // Whoever serves them knows when the order is over.
    challengeRemoveFn: async () => {},
    // It would ask from inside, where the way is another than the authority's.
    skipChallengeVerification: true,
  })
  try {
    const chain = await Promise.race([work, whenAborted(signal)])
    return { chain, privateKey: privateKey.toString() }
  } catch (error) {
    work.catch(() => {})
    throw translated(error, order)
  }
}

/** A new key for an account, as PEM. */
export async function newAccountKey(): Promise<string> {
  const { crypto } = await acmeClient()
  return (await crypto.createPrivateEcdsaKey()).toString()
}

// It brings an HTTP client and a cryptography of its own: 30 MB that a server without automatic certificates can keep.
const acmeClient = async () => (await import('acme-client')).default

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(new InterruptedError())
    signal.addEventListener('abort', () => reject(new InterruptedError()), { once: true })
  })
}

/** The library asks in vain for half a minute, and then says nothing of use. */
async function assertAnswers(directory: string, signal: AbortSignal): Promise<void> {
  try {
    const answer = await fetch(directory, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    })
    await answer.body?.cancel()
  } catch (cause) {
    if (signal.aborted) throw new InterruptedError()
    throw unavailable(directory, cause)
  }
}

const unavailable = (directory: string, cause: unknown): UnavailableError =>
  new UnavailableError(`The certificate authority ${new URL(directory).host} does not answer`, {
    cause,
    next: 'Try again later. Which one is asked: letsencrypt, letsencrypt:set server',
  })

function translated(error: unknown, { directory, hosts }: CertificateOrder): unknown {
  if (error instanceof PaasError || !(error instanceof Error)) return error
  // What becomes of a lost connection in the library.
  if (error instanceof TypeError || 'isAxiosError' in error) return unavailable(directory, error)
  const wildcards = hosts.filter((host) => host.startsWith('*.'))
  const others = hosts.filter((host) => !host.startsWith('*.'))
  const next = [
    others.length > 0
      ? `It asks each domain on port 80, and has to reach this server there: ${others.join(', ')}`
      : undefined,
    wildcards.length > 0
      ? `Of wildcards it asks DNS for what the hook has written: ${wildcards.join(', ')}`
      : undefined,
  ]
  return new UserError(`The certificate authority refused: ${error.message.trim()}`, {
    cause: error,
    next: next.filter((line) => line !== undefined).join('. '),
  })
}
