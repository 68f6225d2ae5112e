import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** So little at a time stands in no limit but ours (the kernel's least): what has it was slowed by us. */
const slowQuotaUs = 1_000
/** In which it may use that: a tenth of a CPU, a hundredth, a thousandth. */
const slowPeriodsUs = [10_000, 100_000, 1_000_000] as const
/** Docker's own. */
const usualPeriodUs = 100_000
/** An eighth of what a container has where the machine is short of CPU; no reservation of ours comes to that. */
const behind = { shares: 129, weight: 13 }

/** The slowest that `slow` makes. */
export const slowest = slowPeriodsUs.length - 1

/**
 * Where the kernel counts and limits what one container does: cgroup v1 and v2, made by Docker itself or by systemd
 * for it. Its files are held open: they are read each second for as long as it runs.
 */
export class ContainerCgroup {
  readonly #cpu: string
  readonly #memory: string
  readonly #isUnified: boolean
  readonly #refusals: number | undefined
  readonly #usage: number | undefined
  readonly #disk: number | undefined

  private constructor(folders: {
    cpu: string
    memory: string
    pids: string
    usage: string
    disk: string
    isUnified: boolean
  }) {
    this.#cpu = folders.cpu
    this.#memory = folders.memory
    this.#isUnified = folders.isUnified
    this.#refusals = opened(join(folders.pids, 'pids.events'))
    this.#usage = opened(join(folders.usage, folders.isUnified ? 'cpu.stat' : 'cpuacct.usage'))
    this.#disk = opened(join(folders.disk, folders.isUnified ? 'io.stat' : 'blkio.throttle.io_service_bytes'))
  }

  /** undefined: it is not to be found here, or is not ours to change (the engine is elsewhere, or we are not root). */
  static open(id: string, root = '/sys/fs/cgroup'): ContainerCgroup | undefined {
    for (const name of [join('docker', id), join('system.slice', `docker-${id}.scope`)]) {
      const all = join(root, name)
      if (existsSync(join(all, 'cpu.max')))
        return new ContainerCgroup({
          ...{ cpu: all, memory: all, pids: all, usage: all, disk: all },
          isUnified: true,
        })
      const controllers = ['cpu', 'memory', 'pids', 'cpuacct', 'blkio']
      const [cpu = '', memory = '', pids = '', usage = '', disk = ''] = controllers.map((controller) =>
        join(root, controller, name),
      )
      if (existsSync(join(cpu, 'cpu.cfs_quota_us')))
        return new ContainerCgroup({ cpu, memory, pids, usage, disk, isUnified: false })
    }
    return undefined
  }

  /** How often it was refused another process; undefined where the kernel does not count that, or it has ended. */
  processesRefused(): number | undefined {
    const text = read(this.#refusals)
    return text === undefined ? undefined : Number(/^max (\d+)/m.exec(text)?.[1] ?? 0)
  }

  /** Seconds of CPU that it has used in all; undefined when it has ended. */
  usedSeconds(): number | undefined {
    const text = read(this.#usage)
    if (text === undefined) return undefined
    return this.#isUnified ? Number(/^usage_usec (\d+)/m.exec(text)?.[1] ?? 0) / 1e6 : Number(text) / 1e9
  }

  /** Bytes that it holds, without the file cache that the kernel takes back when it needs it; undefined when it has ended. */
  memoryBytes(): number | undefined {
    try {
      const text = (name: string): string => readFileSync(join(this.#memory, name), 'utf8')
      const used = Number(text(this.#isUnified ? 'memory.current' : 'memory.usage_in_bytes'))
      const cache = this.#isUnified ? /^inactive_file (\d+)/m : /^total_inactive_file (\d+)/m
      return Math.max(0, used - Number(cache.exec(text('memory.stat'))?.[1] ?? 0))
    } catch {
      return undefined
    }
  }

  /**
   * Bytes that it has written to the disk that it writes to most; undefined where the kernel does not count that, or it
   * has ended. On v1 what the kernel writes later on its own account is not in it.
   */
  writtenBytes(): number | undefined {
    const text = read(this.#disk)
    if (text === undefined) return undefined
    const counts = text.matchAll(this.#isUnified ? /\bwbytes=(\d+)/g : /^\S+ Write (\d+)/gm)
    return Math.max(0, ...[...counts].map(([, count]) => Number(count)))
  }

  isSlowed(): boolean {
    const text = readFileSync(join(this.#cpu, this.#isUnified ? 'cpu.max' : 'cpu.cfs_quota_us'), 'utf8')
    return Number(text.trim().split(' ')[0]) === slowQuotaUs
  }

  /** @param step 0: a tenth of a CPU from now on; each further one a tenth of that */
  slow(step: number): void {
    const period = slowPeriodsUs[Math.min(step, slowest)]
    if (this.#isUnified) {
      this.#write('cpu.max', `${slowQuotaUs} ${period}`)
    } else {
      // In this order no step allows more than the one before.
      this.#write('cpu.cfs_quota_us', String(slowQuotaUs))
      this.#write('cpu.cfs_period_us', String(period))
    }
  }

  /** @param cpus what it may use again; 0: all that there is */
  release(cpus: number): void {
    const quota = cpus === 0 ? undefined : Math.max(2 * slowQuotaUs, Math.round(cpus * usualPeriodUs))
    if (this.#isUnified) {
      this.#write('cpu.max', `${quota ?? 'max'} ${usualPeriodUs}`)
    } else {
      this.#write('cpu.cfs_period_us', String(usualPeriodUs))
      this.#write('cpu.cfs_quota_us', String(quota ?? -1))
    }
  }

  isBehind(): boolean {
    const text = readFileSync(join(this.#cpu, this.#isUnified ? 'cpu.weight' : 'cpu.shares'), 'utf8')
    return Number(text) === (this.#isUnified ? behind.weight : behind.shares)
  }

  /** Where the machine is short of CPU the others come first: it has an eighth of what they have. */
  putBehind(): void {
    if (this.#isUnified) this.#write('cpu.weight', String(behind.weight))
    else this.#write('cpu.shares', String(behind.shares))
  }

  /** @param shares as Docker has them: 0 stands for 1024 */
  putBack(shares: number): void {
    const own = shares === 0 ? 1024 : shares
    // As runc converts them.
    if (this.#isUnified)
      this.#write('cpu.weight', String(shares === 0 ? 100 : 1 + Math.floor(((own - 2) * 9_999) / 262_142)))
    else this.#write('cpu.shares', String(own))
  }

  close(): void {
    for (const file of [this.#refusals, this.#usage, this.#disk]) if (file !== undefined) closeSync(file)
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.#cpu, file), text)
  }
}

const buffer = Buffer.alloc(4096)

function opened(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    return undefined
  }
}

function read(file: number | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0))
  } catch {
    // It has ended.
    return undefined
  }
}
