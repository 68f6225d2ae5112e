import { UsageError } from '../errors.ts'

/** Tells a port from an app's name. */
export const looksLikePort = (word: string): boolean => /^(\d+|https?:\d+:\d+)$/.test(word)

/** Dokku's `http:80:3000` is taken too: what counts is the container's port. Throws `UsageError`. */
export function parsePort(word: string): number {
  const digits = /^(?:https?:\d{1,5}:)?(\d{1,5})$/.exec(word)?.[1]
  const port = Number(digits ?? 0)
  if (port >= 1 && port <= 65_535) return port
  throw new UsageError(`"${word.slice(0, 40)}" is not a port from 1 to 65535`, {
    next: 'For instance: ports:set 3000',
  })
}
