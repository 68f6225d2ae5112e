import { readFileSync } from 'node:fs'

/** Processes of `nft monitor` that the process `parent` has started. */
export function monitorsOf(parent: number): readonly number[] {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
  return children.trim().split(' ').filter(Boolean).map(Number).filter(isMonitor)
}

export function isMonitor(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('nft\0monitor')
  } catch {
    // It has ended.
    return false
  }
}
