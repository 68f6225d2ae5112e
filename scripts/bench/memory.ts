import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Megabytes of one part: its process, its supervisor and their children. */
export type PartMemory = {
  readonly part: string
  /** What is its own alone: everything but files that are mapped. */
  readonly own: number
  /** The mapped files' resident pages: file -> megabytes. */
  readonly files: ReadonlyMap<string, number>
  /** All that is resident, as `ps` shows it. */
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
    return {
      part: file.replace('.supervisor.pid', ''),
      own: all.reduce((total, { own }) => total + own, 0),
      files: sharedFiles(all),
      rss: all.reduce((total, { rss }) => total + rss, 0),
    }
  })
}

/**
 * The files that several map, each counted once: as much as the one has that holds most of it. (PSS would spread them
 * over every process of the machine that runs the same Node, and come out lower the more of them there are.)
 */
export function sharedFiles(
  holders: readonly { readonly files: ReadonlyMap<string, number> }[],
): ReadonlyMap<string, number> {
  const most = new Map<string, number>()
  for (const { files } of holders) {
    for (const [file, size] of files) most.set(file, Math.max(size, most.get(file) ?? 0))
  }
  return most
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

function processMemory(pid: number): Omit<PartMemory, 'part'> {
  const files = new Map<string, number>()
  let own = 0
  let rss = 0
  let file = ''
  for (const line of read(`/proc/${pid}/smaps`).split('\n')) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)$/.exec(line)
    if (mapping) file = mapping[1] ?? ''
    const [, field, kilobytes] = /^(Rss|Anonymous): +(\d+) kB/.exec(line) ?? []
    const megabytes = Number(kilobytes ?? 0) / 1024
    if (field === 'Rss') {
      rss += megabytes
      if (file.startsWith('/')) files.set(file, (files.get(file) ?? 0) + megabytes)
      else own += megabytes
    } else if (field === 'Anonymous' && file.startsWith('/')) {
      // Pages of a file that the process has written to are its own.
      own += megabytes
      files.set(file, (files.get(file) ?? 0) - megabytes)
    }
  }
  return { own, files, rss }
}

/** Empty for what has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
