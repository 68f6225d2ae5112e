import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Where Docker makes the control groups itself (no systemd), all containers together weigh as much as any one session
 * of the host: a dockerd that copies a flooded log, or somebody's compiler, would have as much CPU as all apps. They
 * weigh four times as much from now on, unless somebody has said otherwise. False: there is no such group (yet: Docker
 * makes it with its first container).
 */
export function weighContainers(root = '/sys/fs/cgroup'): boolean {
  let isThere = false
  for (const { file, usual, wanted } of [
    { file: 'cpu/docker/cpu.shares', usual: '1024', wanted: '4096' },
    { file: 'docker/cpu.weight', usual: '100', wanted: '400' },
  ]) {
    const path = join(root, file)
    if (!existsSync(path)) continue
    isThere = true
    if (readFileSync(path, 'utf8').trim() === usual) writeFileSync(path, wanted)
  }
  return isThere
}
