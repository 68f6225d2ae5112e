import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Engine } from '../docker/engine.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import { logLengthNow, logRotation } from '../docker/log-file.ts'
import type { LogLength } from '../docker/log-source.ts'
import type { Usage } from '../docker/usage.ts'
import { describe } from '../errors.ts'
import type { Events } from '../events/events.ts'
import type { AppLogs } from '../logs/app-logs.ts'
import type { Store } from '../state/store.ts'
import { ContainerCgroup, slowest } from './container-cgroup.ts'
import { countWrites } from './count-writes.ts'
import { weighContainers } from './weigh-containers.ts'

const lookMs = 1_000
/** Between two looks: an app that now and then meets its limit is left alone. */
const manyProcessesRefused = 30
/** So often out of memory within so long; each time the kernel ends one of its processes. */
const manyTimesOutOfMemory = 3
const outOfMemoryMs = 10_000
/** Between two looks: what Docker writes for all who log much, which takes a core at 15 to 50 MB a second. */
const muchLoggedBytes = 8 * 1024 * 1024
/** Who logs less is none of them. */
const someLoggedBytes = 2 * 1024 * 1024
/** So many looks more than others: a burst of some hundred thousand lines is let through, and kept whole. */
const looksFlooding = 8
/** Between two looks, to the disk: with that much and more, others wait for it. */
const muchWrittenBytes = 64 * 1024 * 1024
/** So many looks more than others: what is copied or imported within as long, 1 GB and more, is let through. */
const looksWriting = 15
/** Of one CPU: who uses less writes little, and is not asked. */
const writersCpu = 0.03
/** How long it stays slow at first; twice as long each time that it goes on afterwards. */
const firstHoldMs = 30_000
const longestHoldMs = 10 * 60_000
/** A container that was calm for so long begins anew. */
const forgottenMs = 60 * 60_000
/** Of one CPU: who uses less does not compute. */
const someCpu = 0.1
/** Of an equal share of the machine among those who compute: who uses more comes behind, who uses less comes back. */
const muchOfShare = 0.8
const littleOfShare = 0.5
/** Of the machine: while they use as much together, nobody comes back. */
const fullyUsed = 0.8
/** So many looks in a row. */
const looksBehind = 2
const looksBack = 10

type Parts = {
  readonly engine: Engine
  readonly store: Store
  readonly events: Events
  /** Of the log of a container, where that is known already. */
  readonly logs: Pick<AppLogs, 'knownLength'>
  /** Docker's files are on this machine. */
  readonly isLocal: boolean
  readonly log: (line: string) => void
  readonly closing: AbortSignal
}

/** A container as Docker's list and its events name it. */
export type Seen = {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

type Watched = Seen & {
  readonly cgroup: ContainerCgroup
  refused: number
  used: Used
  /** CPUs that it used up to the last look; undefined before the first. */
  cpus: number | undefined
  isBehind: boolean
  /** Looks in a row that speak for the other place. */
  looks: number
  /** Of Docker's file of what it has written; undefined before the first look. */
  logged: LogLength | undefined
  /** Looks at which it had written much, less those since at which it had not. */
  flooding: number
  /** To the disk, up to the last look; undefined: it used too little CPU then to write much. */
  written: number | undefined
  /** The same of what it had written to the disk. */
  writing: number
  /** Times of the last ones. */
  outOfMemory: readonly number[]
  brake: Brake | undefined
}

/** Seconds of CPU in all, and when that was seen. */
type Used = { readonly seconds: number; readonly at: number }

type Brake = {
  readonly why: string
  /** Of `slow`. */
  step: number
  steppedAt: number
  readonly holdMs: number
  /** When it is let go; undefined: it was. */
  until: number | undefined
  /** When it last gave a reason. */
  lastAt: number
}

/**
 * Slows a container down to a tenth of a CPU, and less where that does not help, when it does what costs the kernel or
 * Docker more than its own limits count: it asks for processes beyond its limit without end, runs out of memory again
 * and again, floods its log, or writes to the disk without end. It is let go when it has been calm for a while. One that merely computes keeps its CPU,
 * and comes behind its neighbours where there is not enough for all.
 */
export class Brakes {
  readonly #parts: Parts
  readonly #watched = new Map<string, Watched>()
  /** Docker's folder. */
  #root: string | undefined
  #isGroupReady = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** All that run now, of which the events may not have told. */
  running(all: readonly Seen[]): void {
    const ids = new Set(all.map(({ id }) => id))
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.ended(id)
    for (const each of all) this.started(each)
  }

  /** It runs. Called once or many times. */
  started({ id, name, labels }: Seen): void {
    if (this.#watched.has(id) || !this.#parts.isLocal || labels['paas.sandbox'] !== undefined) return
    const cgroup = ContainerCgroup.open(id)
    if (cgroup === undefined) return
    this.#watched.set(id, {
      ...{ id, name, labels, cgroup },
      refused: cgroup.processesRefused() ?? 0,
      used: { seconds: cgroup.usedSeconds() ?? 0, at: performance.now() },
      cpus: undefined,
      isBehind: cgroup.isBehind(),
      looks: 0,
      logged: undefined,
      flooding: 0,
      written: undefined,
      writing: 0,
      outOfMemory: [],
      brake: cgroup.isSlowed() ? begun('was slowed down before this server started') : undefined,
    })
  }

  ended(id: string): void {
    this.#watched.get(id)?.cgroup.close()
    this.#watched.delete(id)
  }

  /** The kernel has ended a process of it that would have had more memory than its limit. */
  outOfMemory(id: string): void {
    const watched = this.#watched.get(id)
    if (watched === undefined) return
    const now = Date.now()
    watched.outOfMemory = [...watched.outOfMemory.filter((at) => at > now - outOfMemoryMs), now]
    if (watched.outOfMemory.length >= manyTimesOutOfMemory)
      this.#slow(watched, { why: 'runs out of memory, over and over', first: 0, most: 0 })
  }

  /** Why the container of this name is slow now; undefined: it is not. */
  reason(name: string): string | undefined {
    const brake = this.#find(name)?.brake
    return brake?.until === undefined ? undefined : brake.why
  }

  /**
   * What the container of this name uses, of CPUs in the last second; undefined: it does not run, or is not to be seen
   * from here. Asking costs no wait, as it does with Docker, which looks once a second.
   */
  usage(name: string): Usage | undefined {
    const watched = this.#find(name)
    const memoryBytes = watched?.cgroup.memoryBytes()
    if (watched === undefined || memoryBytes === undefined) return undefined
    return { cpus: watched.cpus ?? cpusSince(watched.used, usedNow(watched)), memoryBytes }
  }

  #find(name: string): Watched | undefined {
    return [...this.#watched.values()].find((each) => each.name === name)
  }

  /** Looks at all of them each second until the server closes. */
  async watch(): Promise<void> {
    const { closing, log, isLocal } = this.#parts
    let broken: string | undefined
    while (isLocal && !closing.aborted) {
      await wait(lookMs, undefined, { signal: closing, ref: false }).catch(() => {})
      if (closing.aborted) return
      try {
        await this.#look()
        broken = undefined
      } catch (error) {
        if (describe(error) !== broken) log(`What containers do to others is not seen: ${describe(error)}`)
        broken = describe(error)
      }
    }
  }

  async #look(): Promise<void> {
    if (this.#root === undefined) {
      this.#root = await this.#parts.engine.disk.root()
    }
    // Docker makes the group of all with its first container.
    if (!this.#isGroupReady && this.#watched.size > 0) {
      countWrites(this.#root)
      this.#isGroupReady = weighContainers()
    }
    const flooding = this.#floodingNow(this.#root)
    for (const watched of [...this.#watched.values()]) {
      const refused = watched.cgroup.processesRefused() ?? watched.refused
      if (refused - watched.refused >= manyProcessesRefused)
        this.#slow(watched, {
          why: 'asks for more processes than it may have, over and over',
          first: 0,
          most: 1,
        })
      watched.refused = refused
      watched.flooding = counted(watched.flooding, flooding.has(watched), looksFlooding)
      if (watched.flooding >= looksFlooding)
        this.#slow(watched, {
          why: 'writes more into its log than Docker keeps up with',
          // With a tenth of a CPU it still writes as much.
          first: 1,
          most: slowest,
        })
      watched.writing = counted(watched.writing, writtenSince(watched) >= muchWrittenBytes, looksWriting)
      // With a tenth of a CPU it still writes as much as a disk takes.
      if (watched.writing >= looksWriting)
        this.#slow(watched, { why: 'writes to the disk without end', first: 1, most: slowest })
      const { brake } = watched
      if (brake?.until !== undefined && brake.until <= Date.now()) await this.#letGo(watched, brake)
    }
    await this.#place()
  }

  /** Those that have logged as much since the last look as everyone of them may, where several share what Docker can do. */
  #floodingNow(root: string): ReadonlySet<Watched> {
    const all = [...this.#watched.values()].map((watched) => ({
      watched,
      bytes: this.#loggedSince(watched, root),
    }))
    const many = all.filter(({ bytes }) => bytes >= someLoggedBytes)
    const share = Math.max(someLoggedBytes, muchLoggedBytes / Math.max(1, many.length))
    return new Set(many.filter(({ bytes }) => bytes >= share).map(({ watched }) => watched))
  }

  /** Bytes that it has written since the last look, as far as they are still there. */
  #loggedSince(watched: Watched, root: string): number {
    const { id, name, logged } = watched
    const now = this.#parts.logs.knownLength(name, id) ?? logLengthNow(join(root, 'containers', id), id)
    if (now === undefined) return 0
    watched.logged = now
    if (logged === undefined) return 0
    if (logged.identity === now.identity && now.bytes >= logged.bytes) return now.bytes - logged.bytes
    return Math.max(0, logRotation.fileMegabytes * 1024 * 1024 - logged.bytes) + now.bytes
  }

  /** Behind the others while it computes much more than they do, beside them while it does not. */
  async #place(): Promise<void> {
    const used = [...this.#watched.values()].map((watched) => {
      const now = usedNow(watched)
      const cpus = cpusSince(watched.used, now)
      watched.cpus = cpus
      watched.used = now
      return { watched, cpus }
    })
    const all = availableParallelism()
    const share = all / Math.max(1, used.filter(({ cpus }) => cpus > someCpu).length)
    const isFull = used.reduce((sum, { cpus }) => sum + cpus, 0) > fullyUsed * all
    for (const { watched, cpus } of used) {
      const { isBehind, cgroup } = watched
      const speaks = isBehind ? !isFull && cpus < littleOfShare * share : cpus > muchOfShare * share
      watched.looks = speaks ? watched.looks + 1 : 0
      if (watched.looks < (isBehind ? looksBack : looksBehind)) continue
      watched.looks = 0
      const found = isBehind ? await this.#inspected(watched) : { cpuShares: 0 }
      if (found === undefined) continue
      this.#change(watched, () => (isBehind ? cgroup.putBack(found.cpuShares) : cgroup.putBehind()))
      watched.isBehind = !isBehind
    }
  }

  /** @param steps.most how far it is slowed where it goes on all the same */
  #slow(
    watched: Watched,
    steps: { readonly why: string; readonly first: number; readonly most: number },
  ): void {
    const { why, first, most } = steps
    const now = Date.now()
    const { brake, cgroup } = watched
    if (brake?.until !== undefined) {
      brake.lastAt = now
      brake.until = now + brake.holdMs
      // What was begun before it was slowed is not yet all done at the next look.
      if (brake.step >= most || now - brake.steppedAt < 2 * lookMs) return
      brake.step++
      brake.steppedAt = now
      this.#change(watched, () => cgroup.slow(brake.step))
      return
    }
    if (!this.#change(watched, () => cgroup.slow(first))) return
    const isNew = brake === undefined || now - brake.lastAt > forgottenMs
    const holdMs = isNew ? firstHoldMs : Math.min(longestHoldMs, brake.holdMs * 2)
    watched.brake = { ...begun(why, holdMs), step: first }
    this.#tell(watched, 'process-slowed', `${why}: it is slowed down until it is calm`)
  }

  async #letGo(watched: Watched, brake: Brake): Promise<void> {
    const found = await this.#inspected(watched)
    if (found === undefined) return
    this.#change(watched, () => watched.cgroup.release(found.cpus))
    brake.until = undefined
    this.#tell(watched, 'process-released', 'is calm: it has all of its CPU again')
  }

  async #inspected({
    id,
  }: Watched): Promise<{ readonly cpus: number; readonly cpuShares: number } | undefined> {
    try {
      return await this.#parts.engine.containers.inspect(id)
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      this.ended(id)
      return undefined
    }
  }

  /** False: it has ended meanwhile, or its group is not ours to change. */
  #change({ name, cgroup }: Watched, change: (cgroup: ContainerCgroup) => void): boolean {
    try {
      change(cgroup)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#parts.log(`The CPU of ${name} could not be changed: ${describe(error)}`)
      return false
    }
  }

  #tell({ name, labels }: Watched, type: string, what: string): void {
    const { store, events, log } = this.#parts
    const appId = labels['paas.app-id'] ?? ''
    const process = labels['paas.process'] ?? name
    if (!store.apps.exists(appId)) {
      log(`${name} ${what}`)
      return
    }
    const app = store.apps.byId(appId)
    const message = `${app.name} ${process} ${what}`
    log(message)
    events.record({ type, app: { id: app.id, name: app.name }, who: 'paas', message, facts: { process } })
  }
}

/** What Docker and disks take goes up and down: one look at which it is less does not make up for all before. */
const counted = (looks: number, isMuch: boolean, most: number): number =>
  isMuch ? Math.min(most, looks + 1) : Math.max(0, looks - 1)

/** When it has ended, as much as before. */
const usedNow = ({ cgroup, used }: Watched): Used => ({
  seconds: cgroup.usedSeconds() ?? used.seconds,
  at: performance.now(),
})

/** CPUs that it has used between two looks. */
const cpusSince = (before: Used, now: Used): number =>
  ((now.seconds - before.seconds) * 1000) / Math.max(1, now.at - before.at)

/**
 * Bytes that it has written to the disk since the last look; 0 for who uses too little CPU to write much, and for what
 * puts a volume's files back.
 */
function writtenSince(watched: Watched): number {
  const { cgroup, cpus, written, brake, labels } = watched
  if (labels['paas.process'] === undefined) return 0
  // Past the page cache much is written with little CPU.
  const isAsked = (cpus ?? 0) >= writersCpu || brake?.until !== undefined
  watched.written = isAsked ? cgroup.writtenBytes() : undefined
  return watched.written === undefined || written === undefined ? 0 : watched.written - written
}

const begun = (why: string, holdMs = firstHoldMs): Brake => ({
  ...{ why, holdMs, step: 0 },
  steppedAt: Date.now(),
  until: Date.now() + holdMs,
  lastAt: Date.now(),
})
