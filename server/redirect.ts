import { UsageError } from './errors.ts'

/** Of one app: they are in its route, which is read again with every deploy. */
export const mostRedirects = 200

// What the socket of HAProxy takes as one word, and a browser as an address.
const plain = '[!-:<-[\\]-~]'
const next = 'For instance: router:redirect blog /old /new'

/** `path` where visitors can be sent on from it. Throws `UsageError`. */
export function parseRedirectPath(path: string): string {
  if (new RegExp(`^/${plain}{0,500}$`).test(path) && !/[?#]/.test(path)) return path
  throw new UsageError('PATH is one as a browser asks for it, without a query: /old', { next })
}

/** `target` where visitors of `path` can be sent on to it. Throws `UsageError`. */
export function parseRedirectTarget(target: string, path: string): string {
  if (new RegExp(`^(https?:/)?/${plain}{0,1000}$`).test(target) && target !== path) return target
  throw new UsageError('TARGET is another path, or a URL that begins with http:// or https://', { next })
}
