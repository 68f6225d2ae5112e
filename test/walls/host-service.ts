import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'

/** A service of this machine, on TCP and UDP, at every address that it has. */
export type HostService = AsyncDisposable & {
  readonly port: number
  /** Those of its own, bridges and loopback apart. */
  readonly addresses: readonly string[]
}

export async function openHostService(): Promise<HostService> {
  const tcp = createServer((socket) => socket.on('error', () => {}).end('here\n'))
  await once(tcp.listen(0, '::'), 'listening')
  const bound = tcp.address()
  if (bound === null || typeof bound === 'string') throw new Error('The service has no port')
  const udp = createSocket('udp6')
  udp.on('message', (message, { address, port }) => udp.send(message, port, address))
  await once(udp.bind(bound.port, '::'), 'listening')
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, each = []]) =>
    /^(lo|docker|br-|paas-|veth|plo|pt)/.test(name)
      ? []
      : each.filter(({ scopeid }) => !scopeid).map(({ address }) => address),
  )
  return {
    port: bound.port,
    addresses,
    async [Symbol.asyncDispose]() {
      udp.close()
      tcp.close()
    },
  }
}
