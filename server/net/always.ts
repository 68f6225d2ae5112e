import type { LookupFunction } from 'node:net'
import type { Address } from './public-address.ts'

/** A look-up that knows these addresses alone: what was looked at is what is connected to. */
export const always =
  (addresses: readonly [Address, ...Address[]]): LookupFunction =>
  (_host, options, callback) => {
    if (options.all) callback(null, [...addresses])
    else callback(null, addresses[0].address, addresses[0].family)
  }
