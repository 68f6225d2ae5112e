import { parse } from 'dotenv'
import { UserError } from './errors.ts'

export const configFormats = ['exports', 'envfile', 'shell', 'json'] as const
export type ConfigFormat = (typeof configFormats)[number]

/**
 * One config var as `exports` (`export K='v'`), `shell` (`K='v'`) or `envfile` (as dotenv reads it). Throws
 * `UserError` for a value that an env file cannot hold.
 */
export function exportLine(name: string, value: string, format: Exclude<ConfigFormat, 'json'>): string {
  if (format === 'envfile') return envFileLine(name, value)
  const quoted = `'${value.replaceAll("'", "'\\''")}'`
  return format === 'exports' ? `export ${name}=${quoted}` : `${name}=${quoted}`
}

/**
 * dotenv has no escapes but `\n` and `\r` in double quotes, so no one way of quoting serves every value: the first
 * that reads back as what it was is taken.
 */
function envFileLine(name: string, value: string): string {
  const escaped = value.replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  const lines = [`'${value}'`, `"${escaped}"`, `\`${value}\``, value].map((text) => `${name}=${text}`)
  const line = lines.find((each) => {
    const read = parse(`${each}\n`)
    return Object.keys(read).length === 1 && read[name] === value
  })
  if (line !== undefined) return line
  throw new UserError(`An env file cannot hold the value of ${name}: it mixes quotes with line ends or #`, {
    next: 'Another format can: --format json, --format shell',
  })
}
