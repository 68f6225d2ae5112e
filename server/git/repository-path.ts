import { UserError } from '../errors.ts'

/**
 * The app that a git remote's path means: `blog`, `/blog`, `blog.git`, `/blog.git`, with or without the quotes that
 * git puts around it. Throws `UserError` for anything else; nothing is stripped to make it fit.
 */
export function appNameOf(path: string): string {
  const unquoted = /^'(.*)'$/s.exec(path)?.[1] ?? path
  const name = /^\/?([a-z0-9][a-z0-9-]{0,30})(?:\.git)?$/.exec(unquoted)?.[1]
  if (name === undefined) {
    throw new UserError(`${JSON.stringify(unquoted.slice(0, 80))} is no app name`, {
      next: 'Names have 1 to 31 of a-z, 0-9 and -: git remote set-url paas paas:blog',
    })
  }
  return name
}
