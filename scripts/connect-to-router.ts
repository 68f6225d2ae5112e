import { BlockList, connect, isIP, type Socket } from 'node:net'
import type { Settings } from '../server/settings.ts'
import { loopbackFor } from './ssh-config.ts'

/**
 * A connection from this machine to the router. Where this machine is one of the proxies that speak PROXY it begins with
 * the header by which a proxy speaks for itself.
 */
export function connectToRouter(
  settings: Pick<Settings, 'httpHost' | 'httpPort' | 'trustedProxies' | 'proxyProtocol'>,
): Socket {
  const host = loopbackFor(settings.httpHost)
  const socket = connect({ host, port: settings.httpPort })
  // Who asks an address of this machine has that address himself.
  if (settings.proxyProtocol && isOneOf(settings.trustedProxies, host)) socket.write('PROXY UNKNOWN\r\n')
  return socket
}

function isOneOf(networks: readonly string[], address: string): boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [first = '', bits] = network.split('/')
    if (bits === undefined) list.addAddress(first, familyOf(first))
    else list.addSubnet(first, Number(bits), familyOf(first))
  }
  return list.check(address, familyOf(address))
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
