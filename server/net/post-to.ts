import type { RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { http } from './lean-http.ts'
import { pinnedLookup } from './pinned-lookup.ts'
import type { Address } from './public-address.ts'

export type Posted = Pick<RequestOptions, 'headers'> & {
  readonly body: string | Buffer
  /** Where the URL's host is; nothing else is connected to. */
  readonly addresses: readonly [Address, ...Address[]]
  readonly signal: AbortSignal
}

/**
 * Sends one POST and returns the answer's status; no redirect is followed, and what the answer says beside is nothing
 * to us. A login in the URL goes along as Basic.
 */
export async function postTo(url: URL, { headers, body, addresses, signal }: Posted): Promise<number> {
  const answered = Promise.withResolvers<number>()
  const options = { method: 'POST', headers, agent: false, lookup: pinnedLookup(addresses), signal }
  const request = (url.protocol === 'https:' ? requestHttps : http.request)(url, options, (answer) => {
    // It ends with the signal at the latest.
    answer.on('error', () => {})
    answer.resume()
    answered.resolve(answer.statusCode ?? 0)
  })
  request.on('error', answered.reject)
  request.end(body)
  return await answered.promise
}
