import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { pinnedLookup } from '../net/pinned-lookup.ts'
import { addressesOf } from '../net/public-address.ts'
import type { DrainAddress } from './drain-address.ts'
import type { Sink } from './sink.ts'

/**
 * Syslog over TCP or TLS, through one connection for as long as it holds. The protocol has no receipt: taken means
 * taken by the network.
 */
export class SyslogSink implements Sink {
  readonly #address: DrainAddress
  readonly #allowPrivate: boolean
  #socket: Socket | undefined

  constructor(address: DrainAddress, options: { readonly allowPrivate: boolean }) {
    this.#address = address
    this.#allowPrivate = options.allowPrivate
  }

  async send(messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const socket = this.#socket ?? (await this.#connect(signal))
    const written = Promise.withResolvers<void>()
    const giveUp = (): void => void socket.destroy(new Error('it takes nothing'))
    const lost = (): void => written.reject(new Error('the connection was closed'))
    signal.addEventListener('abort', giveUp, { once: true })
    socket.once('close', lost)
    try {
      socket.write(Buffer.concat(messages), (error) => (error ? written.reject(error) : written.resolve()))
      await written.promise
    } finally {
      signal.removeEventListener('abort', giveUp)
      socket.off('close', lost)
    }
  }

  close(): void {
    this.#socket?.end()
    this.#socket = undefined
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const { protocol, host, port } = this.#address
    const lookup = pinnedLookup(await addressesOf(host, { allowPrivate: this.#allowPrivate }))
    signal.throwIfAborted()
    const connected = Promise.withResolvers<void>()
    const socket =
      protocol === 'syslog:'
        ? connectTcp({ host, port, lookup }, connected.resolve)
        : connectTls({ host, port, lookup, ...(isIP(host) ? {} : { servername: host }) }, connected.resolve)
    const giveUp = (): void => void socket.destroy(new Error('no answer'))
    signal.addEventListener('abort', giveUp, { once: true })
    socket.on('error', connected.reject)
    socket.on('close', () => {
      connected.reject(new Error('the connection was closed'))
      if (this.#socket === socket) this.#socket = undefined
    })
    // Nothing is said there that matters; its end is seen only by whoever reads.
    socket.on('end', () => socket.destroy())
    socket.resume()
    try {
      await connected.promise
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
    this.#socket = socket
    return socket
  }
}
