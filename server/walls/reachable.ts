import { isIP } from 'node:net'

/** What apps and builds may reach although it lies in the local network or on the host. */
export type Reachable = {
  readonly family: 4 | 6
  /** `10.0.0.5`, `10.0.0.0/24`, `fd00::5` */
  readonly addresses: string
  /** undefined: every port. */
  readonly port: number | undefined
}

/** `10.0.0.5`, `10.0.0.0/24`, `10.0.0.5:3306`, `fd00::5`, `[fd00::5]:443`; undefined for anything else. */
export function parseReachable(text: string): Reachable | undefined {
  const [, bracketed, plain, portText] =
    /^(?:\[([^\]]+)\]|([^[\]]+?))(?::(\d{1,5}))?$/.exec(split(text)) ?? []
  const addresses = bracketed ?? plain ?? ''
  const [address = '', bits, ...more] = addresses.split('/')
  const family = isIP(address)
  if ((family !== 4 && family !== 6) || more.length > 0) return undefined
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))
    return undefined
  // A zone (`fe80::1%eth0`) is no part of an address in a packet.
  if (address.includes('%')) return undefined
  const port = portText === undefined ? undefined : Number(portText)
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  return { family, addresses, port }
}

/** The colons of a bare IPv6 address are no port's. */
const split = (text: string): string => (isIP(text.split('/')[0] ?? '') === 6 ? `[${text}]` : text)
