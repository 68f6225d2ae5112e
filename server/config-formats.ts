export const configFormats = ['exports', 'envfile', 'shell', 'json'] as const
export type ConfigFormat = (typeof configFormats)[number]

/** One config var as `exports` (`export K='v'`), `shell` (`K='v'`) or `envfile` (`K="v"`, as dotenv reads it). */
export function exportLine(name: string, value: string, format: Exclude<ConfigFormat, 'json'>): string {
  if (format === 'envfile') return `${name}=${envFileValue(value)}`
  const quoted = `'${value.replaceAll("'", "'\\''")}'`
  return format === 'exports' ? `export ${name}=${quoted}` : `${name}=${quoted}`
}

/** In the quotes in which dotenv takes this value as it is: it expands `\n` and `\r` in double quotes only. */
function envFileValue(value: string): string {
  const quote = ["'", '"', '`'].find(
    (each) => !value.includes(each) && (each !== '"' || !value.includes('\\')),
  )
  return quote ? `${quote}${value}${quote}` : `"${value.replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`
}
