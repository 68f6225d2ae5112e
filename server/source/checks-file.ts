import type { Check } from '../checks/check.ts'

/** What an old Dokku `CHECKS` file says, and a note for each line that has no meaning here. */
export type ChecksFile = { readonly checks: readonly Check[]; readonly notes: readonly string[] }

/**
 * Reads lines such as `/health ok`, `//www.example.com/ hello` and the settings WAIT, TIMEOUT, ATTEMPTS (seconds,
 * seconds, times). Never throws: what does not map is named in the notes.
 */
export function readChecksFile(text: string): ChecksFile {
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
  const pace: { -readonly [Name in 'waitMs' | 'timeoutMs' | 'attempts']?: number } = {}
  const checks: Omit<Check, 'waitMs' | 'timeoutMs' | 'attempts'>[] = []
  const notes: string[] = []
  for (const { line, number } of lines) {
    const setting = settingOf(line)
    const check = setting ? undefined : checkOf(line)
    if (setting) Object.assign(pace, setting)
    else if (check) checks.push(check)
    else notes.push(`CHECKS, line ${number} is ignored: ${line.slice(0, 60)}`)
  }
  return { checks: checks.map((check) => ({ ...check, ...pace })), notes }
}

function settingOf(line: string): Record<string, number> | undefined {
  const [, name, digits] = /^(?:DOKKU_CHECKS_)?(WAIT|TIMEOUT|ATTEMPTS)=(\d{1,4})$/.exec(line) ?? []
  const value = Number(digits)
  if (name === undefined || value < 1 || value > (name === 'ATTEMPTS' ? 100 : 3600)) return undefined
  if (name === 'ATTEMPTS') return { attempts: value }
  return { [name === 'WAIT' ? 'waitMs' : 'timeoutMs']: value * 1000 }
}

/** `[http:][//HOST]/PATH CONTENT`; an https URL asks the app over HTTP, as the router does. */
function checkOf(line: string): Omit<Check, 'waitMs' | 'timeoutMs' | 'attempts'> | undefined {
  const [, host, path, content = ''] =
    /^(?:(?:https?:)?\/\/([A-Za-z0-9.:-]+))?(\/[!-~]*)(?:\s+(.*))?$/.exec(line) ?? []
  if (path === undefined || path.startsWith('//') || line.includes('{{')) return undefined
  return {
    when: 'startup',
    name: `GET ${path}`,
    initialDelayMs: 0,
    probe: {
      kind: 'http',
      path,
      headers: host === undefined ? [] : [{ name: 'Host', value: host }],
      ...(content === '' ? {} : { content }),
    },
  }
}
