import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Megabytes of one part: its process, its supervisor and their children. */
export type PartMemory = {
  readonly part: string
  /** Its share: a page that n processes map counts 1/n in each. */
  readonly pss: number
  /** Resident: shared pages count whole in each process. */
  readonly rss: number
}

/** What each part of the instance in `home` holds in memory now. */
export function memoryOf(home: string): readonly PartMemory[] {
  const run = join(home, 'run')
  const children = childrenOf()
  const supervisors = readdirSync(run).filter((file) => file.endsWith('.supervisor.pid'))
  return supervisors.map((file) => {
    const pid = Number.parseInt(readFileSync(join(run, file), 'utf8'), 10)
    const all = descendants(pid, children).map(processMemory)
    const sum = (key: 'pss' | 'rss'): number => all.reduce((total, each) => total + each[key], 0)
    return { part: file.replace('.supervisor.pid', ''), pss: sum('pss'), rss: sum('rss') }
  })
}

function childrenOf(): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const stat = read(`/proc/${name}/stat`)
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    const siblings = children.get(parent)
    if (siblings) siblings.push(Number(name))
    else children.set(parent, [Number(name)])
  }
  return children
}

function descendants(pid: number, children: ReadonlyMap<number, readonly number[]>): readonly number[] {
  return [pid, ...(children.get(pid) ?? []).flatMap((child) => descendants(child, children))]
}

function processMemory(pid: number): { pss: number; rss: number } {
  const rollup = read(`/proc/${pid}/smaps_rollup`)
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) / 1024
  return { pss: megabytes('Pss'), rss: megabytes('Rss') }
}

/** Empty for what has just ended. */
function read(file: string): string {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  } catch {
    return ''
  }
}
