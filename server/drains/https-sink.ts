import { postTo } from '../net/post-to.ts'
import { addressesOf } from '../net/public-address.ts'
import type { DrainAddress } from './drain-address.ts'
import type { Sink } from './sink.ts'

/** Log lines as bodies of POST requests, in Heroku's form (`application/logplex-1`); any 2xx is a receipt. */
export class HttpsSink implements Sink {
  readonly #address: DrainAddress
  readonly #allowPrivate: boolean
  readonly #id: string

  constructor(address: DrainAddress, options: { readonly allowPrivate: boolean; readonly id: string }) {
    this.#address = address
    this.#allowPrivate = options.allowPrivate
    this.#id = options.id
  }

  async send(messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const { url, host } = this.#address
    const addresses = await addressesOf(host, { allowPrivate: this.#allowPrivate })
    const body = Buffer.concat(messages)
    const headers = {
      'content-type': 'application/logplex-1',
      'content-length': body.length,
      'logplex-msg-count': messages.length,
      'logplex-drain-token': this.#id,
      'user-agent': 'paas',
    }
    const status = await postTo(url, { headers, body, addresses, signal })
    if (status < 200 || status > 299) throw new Error(`it answers ${status}`)
  }

  close(): void {}
}
