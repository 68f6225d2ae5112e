import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { UserError } from '../errors.ts'
import type { WebAddress } from './parse-url.ts'
import { addressesOf } from './public-address.ts'
import { requestTo } from './request-to.ts'

export type DownloadOptions = {
  /** Also from this machine and from networks that the internet does not route. */
  readonly allowPrivate: boolean
  readonly signal: AbortSignal
}

const mostRedirects = 5
const silenceMs = 30_000
const wholeMs = 15 * 60_000

/**
 * What a web address answers, followed where it leads; each host on the way is looked at by the same rule, and the
 * login goes to the first alone. Throws `UserError` where there is no such thing; a silence of 30 s breaks the stream,
 * and so does its fifteenth minute.
 */
export async function download(from: WebAddress, options: DownloadOptions): Promise<Readable> {
  let { url, authorization } = from
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const answer = await ask(url, authorization, options)
    const { statusCode = 0, headers } = answer
    if (statusCode === 200) return within(answer, url.host)
    answer.destroy()
    const next = statusCode >= 300 && statusCode < 400 ? headers.location : undefined
    if (next === undefined)
      throw new UserError(`${url.host} answers ${statusCode}`, {
        next: 'Open the address in a browser and correct it',
      })
    const target = URL.canParse(next, url.href) ? new URL(next, url) : undefined
    if (target === undefined || !['http:', 'https:'].includes(target.protocol))
      throw new UserError(`${url.host} leads to what is no address of the web`)
    if (target.origin !== url.origin) authorization = undefined
    url = target
  }
  throw new UserError(`${from.url.host} leads on and on`, { next: 'Name the address where it ends' })
}

function within(answer: IncomingMessage, host: string): Readable {
  const tooLong = new UserError(`${host} takes more than ${wholeMs / 60_000} minutes`, { next: 'Try again' })
  const timer = setTimeout(() => answer.destroy(tooLong), wholeMs)
  answer.once('close', () => clearTimeout(timer))
  return answer
}

async function ask(
  url: URL,
  authorization: string | undefined,
  { allowPrivate, signal }: DownloadOptions,
): Promise<IncomingMessage> {
  const addresses = await addressesOf(url.hostname, { allowPrivate })
  const headers = { 'user-agent': 'paas', accept: '*/*', ...(authorization ? { authorization } : {}) }
  try {
    return await requestTo(url, { headers, addresses, silenceMs, signal })
  } catch (cause) {
    signal.throwIfAborted()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(`${url.host} does not answer: ${why}`, {
      next: 'Correct the address, or try again',
      cause,
    })
  }
}
