import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from './errors.ts'

/** `v12` or `12` as 12. Throws `UsageError`. */
export function parseVersion(word: string): number {
  const match = /^v?(\d{1,9})$/.exec(word)
  if (match?.[1]) return Number(match[1])
  throw new UsageError(`"${word.slice(0, 40)}" is not a release`, { next: 'Name it as in: v12' })
}

/** Our own version, as package.json has it. */
export const ownVersion = (): string =>
  (JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string })
    .version
