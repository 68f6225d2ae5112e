import { isIPv4 } from 'node:net'
import { UserError } from '../errors.ts'

/** Every IPv4 address. */
export const anywhere = '0.0.0.0/0'

/** How many bits of an address MySQL can look at. */
const bitsThatMysqlKnows = ['8', '16', '24', '32']

/**
 * `203.0.113.7` -> `203.0.113.7/32`, `203.0.113.9/24` -> `203.0.113.0/24`. Throws `UserError` for what is no IPv4
 * network of a size that MySQL can keep a user to.
 */
export function parseSourceNetwork(text: string): string {
  const [address = '', bits = '32', ...more] = text.split('/')
  if (!isIPv4(address) || !bitsThatMysqlKnows.includes(bits) || more.length > 0)
    throw new UserError(`"${text.slice(0, 60)}" is no network that a database can be opened to`, {
      next: 'Give an IPv4 address, or a network of 8, 16 or 24 bits: --from 203.0.113.7, --from 203.0.113.0/24',
    })
  const kept = address.split('.').map((part, index) => (index < Number(bits) / 8 ? Number(part) : 0))
  return `${kept.join('.')}/${bits}`
}
