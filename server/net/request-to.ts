import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { http } from './lean-http.ts'
import { pinnedLookup } from './pinned-lookup.ts'
import type { Address } from './public-address.ts'

export type Sent = Pick<RequestOptions, 'method' | 'headers'> & {
  readonly body?: string | Buffer
  /** Where the URL's host is; nothing else is connected to. */
  readonly addresses: readonly [Address, ...Address[]]
  /** A silence that breaks it, its answer too; without, none does. */
  readonly silenceMs?: number
  readonly signal: AbortSignal
}

/** The answer to one request of its own connection, as soon as its head is there; a login in the URL goes along as Basic. */
export async function requestTo(url: URL, sent: Sent): Promise<IncomingMessage> {
  const { body, addresses, silenceMs = 0, ...options } = sent
  const answered = Promise.withResolvers<IncomingMessage>()
  const request = (url.protocol === 'https:' ? requestHttps : http.request)(
    url,
    { ...options, agent: false, lookup: pinnedLookup(addresses), timeout: silenceMs },
    answered.resolve,
  )
  request.on('timeout', () => request.destroy(new Error(`silent for ${silenceMs / 1000} s`)))
  request.on('error', answered.reject)
  request.end(body)
  return await answered.promise
}
