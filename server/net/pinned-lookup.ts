import type { LookupFunction } from 'node:net'
import type { Address } from './public-address.ts'

/** For a connection to a host: what was looked at is what is connected to, whatever its name says by then. */
export const pinnedLookup =
  (addresses: readonly [Address, ...Address[]]): LookupFunction =>
  (_host, options, callback) => {
    if (options.all) callback(null, [...addresses])
    else callback(null, addresses[0].address, addresses[0].family)
  }
