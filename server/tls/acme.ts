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
  readonly signal: AbortSignal
}

/**
 * Has a certificate authority make a certificate for all of `hosts`, with a new key, by ACME's HTTP-01 (RFC 8555). An
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
    challengePriority: ['http-01'],
    challengeCreateFn: (_authorization, challenge, answer) => order.serve(challenge.token, answer),
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
  return new UserError(`The certificate authority refused: ${error.message.trim()}`, {
    cause: error,
    next: `It asks each domain on port 80, and has to reach this server there: ${hosts.join(', ')}`,
  })
}
