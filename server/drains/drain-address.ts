import { UsageError } from '../errors.ts'

/** Where a log drain leads, by its URL. */
export type DrainAddress = {
  readonly protocol: 'syslog:' | 'syslog+tls:' | 'https:'
  readonly host: string
  readonly port: number
  readonly url: URL
}

const ports = { 'syslog:': 514, 'syslog+tls:': 6514, 'https:': 443 } as const

/** Throws `UsageError`, without saying the URL: a login may stand in it. */
export function drainAddress(text: string): DrainAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const protocol = Object.keys(ports).find((each) => each === url?.protocol) as
    | DrainAddress['protocol']
    | undefined
  if (!url || !protocol || url.hostname === '' || text.length > 2_000)
    throw new UsageError('That is not where a log can be sent', {
      next: 'For instance: syslog://HOST:514, syslog+tls://HOST:6514 or https://HOST/PATH',
    })
  const more = url.username + url.password + url.search + url.hash + url.pathname.replace(/^\/$/, '')
  if (protocol !== 'https:' && more !== '')
    throw new UsageError('syslog knows neither logins nor paths', { next: `${protocol}//HOST:PORT` })
  return {
    protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || ports[protocol],
    url,
  }
}

/** A drain's URL as it may be shown: without what may be secret. */
export function shownDrain(text: string): string {
  const { protocol, url } = drainAddress(text)
  return `${protocol}//${url.host}${protocol === 'https:' ? url.pathname : ''}${url.search ? '?...' : ''}`
}
