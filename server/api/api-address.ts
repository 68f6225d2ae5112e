import { BlockList, isIP } from 'node:net'
import type { Settings } from '../settings.ts'

export type ApiAddress = {
  readonly url: string
  /** What to do about it where other machines reach it: it is plain HTTP, and who reads a token has it. */
  readonly warning: string | undefined
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** Where the HTTP API listens; undefined: nowhere. */
export function apiAddress({ apiHost, apiPort }: Settings): ApiAddress | undefined {
  if (apiPort === undefined) return undefined
  const family = isIP(apiHost) === 6 ? 'ipv6' : 'ipv4'
  const url = `http://${family === 'ipv6' ? `[${apiHost}]` : apiHost}:${apiPort}`
  const isOwn = apiHost === 'localhost' || (isIP(apiHost) !== 0 && loopback.check(apiHost, family))
  return { url, warning: isOwn ? undefined : warning(apiPort) }
}

const warning = (port: number): string =>
  `Unset PAAS_API_HOST, and come to the API through ssh -L ${port}:127.0.0.1:${port}, or put a proxy that speaks TLS in front of it on this machine: docs/api.md`
