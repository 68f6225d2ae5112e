import { readFileSync } from 'node:fs'

export type LiveProcess = { readonly pid: number; readonly since: Date }

/**
 * The process that wrote or was written into the pid file at `path` (`PID START`, see scripts/supervise), or
 * undefined where it has ended; a number that has since come to another process does not count.
 */
export function liveProcess(path: string): LiveProcess | undefined {
  const record = /^(\d+) (\d+)\n$/.exec(contents(path) ?? '')
  if (!record) return undefined
  const stat = contents(`/proc/${record[1]}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  const [state] = fields
  const start = fields[19]
  if (state === undefined || state === 'Z' || start !== record[2]) return undefined
  return { pid: Number(record[1]), since: new Date(bootTimeMs() + Number(start) * 10) }
}

function contents(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function bootTimeMs(): number {
  return Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]) * 1000
}
