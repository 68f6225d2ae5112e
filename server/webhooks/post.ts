import { PaasError } from '../errors.ts'
import { postTo } from '../net/post-to.ts'
import { addressesOf } from '../net/public-address.ts'
import type { Webhook } from '../state/webhooks.ts'
import { headersOf, type Message } from './message.ts'

/** How one try ended; `error`: why it counts as failed. */
export type Answer = { readonly status: number | null; readonly error: string | null }

const limitMs = 10_000

/**
 * Sends the message once, within 10 s, and follows nowhere. The host is looked up once: what was looked at is what is
 * connected to. Throws nothing but the abort of `signal`.
 */
export async function post(webhook: Webhook, message: Message, signal: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.timeout(limitMs)
  try {
    const status = await ask(webhook, message, AbortSignal.any([signal, limit]))
    return { status, error: status >= 200 && status < 300 ? null : refusal(status) }
  } catch (error) {
    signal.throwIfAborted()
    return { status: null, error: limit.aborted ? `no answer within ${limitMs / 1000} s` : inWords(error) }
  }
}

async function ask(webhook: Webhook, message: Message, signal: AbortSignal): Promise<number> {
  const url = new URL(webhook.url)
  const addresses = await Promise.race([addressesOf(url.hostname, webhook), aborted(signal)])
  return await postTo(url, { headers: headersOf(webhook, message), body: message.body, addresses, signal })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

const refusal = (status: number): string =>
  status >= 300 && status < 400 ? `${status}: it leads elsewhere, and is not followed` : `answered ${status}`

const inWords = (error: unknown): string =>
  error instanceof PaasError
    ? error.message
    : ((error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error)))
