import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'

/** All builds together. */
const most = {
  memoryBytes: Math.min(4 * 1024 ** 3, Math.floor(totalmem() * 0.75)),
  processes: 2048,
  /** Of what one container has, where the machine is short of CPU: 128 of 1024, and 13 of 100 on cgroup v2: as apps that compute. */
  share: 0.125,
}

/**
 * Holds what all builds together may take of this machine: BuildKit takes no limits for one build, but runs each step
 * in a control group below one of its own, and what is written there holds for all of them. Costs nothing where it
 * holds already. Returns why it cannot be held here, and what to type; undefined: it is.
 */
export function limitBuilds(root = '/sys/fs/cgroup'): Unlimited | undefined {
  try {
    if (isUnified(root)) giveOutControllers(root)
    for (const [controller, file, value] of limits(root)) {
      const docker = ensureGroup(join(root, controller, 'docker'))
      const folder = ensureGroup(join(docker, 'buildkit'))
      const path = join(folder, file)
      if (readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value)
    }
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return {
      saw: message,
      next:
        code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
          ? `Let the server write below ${root}: run it as root, and no container around it`
          : `See whether this machine has the controllers memory, pids and cpu: ls ${root}`,
    }
  }
}

/**
 * Why an engine's builds are in no control group that `limitBuilds` knows: where systemd makes its groups, BuildKit
 * puts each step into one of its own beside all others.
 */
export function unlimitedBy({ cgroupDriver }: { readonly cgroupDriver: string }): Unlimited | undefined {
  if (cgroupDriver !== 'systemd') return undefined
  return {
    saw: "Docker leaves control groups to systemd, where builds' steps have none in common",
    next: `On the server: put "exec-opts": ["native.cgroupdriver=cgroupfs"] into /etc/docker/daemon.json, and restart Docker`,
  }
}

/** What builds are not held by, and what to type. */
export type Unlimited = { readonly saw: string; readonly next: string }

/** Before Docker's first build there is none. Where Docker maps users, theirs pass through it, whatever our umask is. */
function ensureGroup(folder: string): string {
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, 0o755)
  return folder
}

const isUnified = (root: string): boolean => existsSync(join(root, 'cgroup.controllers'))

/** cgroup v2: a group has a controller's files where the one above gives it out. Docker does so with its first container. */
function giveOutControllers(root: string): void {
  const docker = ensureGroup(join(root, 'docker'))
  for (const folder of [root, docker]) {
    const file = join(folder, 'cgroup.subtree_control')
    const given = readFileSync(file, 'utf8').trim().split(' ')
    const missing = ['cpu', 'memory', 'pids'].filter((each) => !given.includes(each))
    if (missing.length > 0) writeFileSync(file, missing.map((each) => `+${each}`).join(' '))
  }
}

type Limit = readonly [controller: string, file: string, value: string]

function limits(root: string): readonly Limit[] {
  // The kernel counts whole pages.
  const memory = String(most.memoryBytes - (most.memoryBytes % 4096))
  const processes = String(most.processes)
  if (isUnified(root))
    return [
      ['', 'memory.max', memory],
      ['', 'pids.max', processes],
      ['', 'cpu.weight', String(Math.round(100 * most.share))],
    ]
  return [
    ['memory', 'memory.limit_in_bytes', memory],
    ['pids', 'pids.max', processes],
    ['cpu', 'cpu.shares', String(1024 * most.share)],
  ]
}
