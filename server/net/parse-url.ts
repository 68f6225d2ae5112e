import { UsageError } from '../errors.ts'

/** A web address without its login, which goes nowhere but to that server. */
export type WebAddress = {
  readonly url: URL
  /** What the header `Authorization` says; undefined: nothing. */
  readonly authorization: string | undefined
}

/** `text` where it is an address of the web; other kinds would reach this machine's files and commands. Throws `UsageError`. */
export function parseUrl(text: string): WebAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || text.length > 2_000)
    throw new UsageError('That is not an address that begins with https:// or http://', {
      next: 'For instance: https://example.com/blog.tar.gz',
    })
  const { username, password } = url
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  url.username = ''
  url.password = ''
  url.hash = ''
  const authorization = login === ':' ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
  return { url, authorization }
}
