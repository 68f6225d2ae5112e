import { UsageError } from './errors.ts'

/** Of one app: they are in its route, which is read again with every deploy. */
export const mostVisitors = 100

/** `name` where a visitor can have it. Throws `UsageError`. */
export function parseVisitorName(name: string): string {
  if (/^[\w.@-]{1,64}$/.test(name)) return name
  throw new UsageError('A visitor has a name of letters, digits and . _ - @, at most 64', {
    next: 'For instance: router:auth blog ada',
  })
}
