import { accessSync, constants, type FSWatcher, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import type { Engine } from '../docker/engine.ts'
import { LogFile } from '../docker/log-file.ts'
import type { LogLength } from '../docker/log-source.ts'
import { describe } from '../errors.ts'
import type { Secrets } from '../secrets.ts'
import { isLocalDocker, type Settings } from '../settings.ts'
import type { Container } from '../state/containers.ts'
import type { Store } from '../state/store.ts'
import { Allowance } from './allowance.ts'
import { Collected, type Taken } from './collected.ts'
import type { KeptLine } from './kept-line.ts'
import { KeptLog } from './kept-log.ts'

export type AppLogsParts = {
  readonly engine: Engine
  readonly store: Store
  readonly settings: Settings
  readonly secrets: Secrets
  readonly log: (line: string) => void
  readonly closing: AbortSignal
}

/** An app's log, and those of its containers that go into it. */
type AppLog = {
  readonly kept: KeptLog
  readonly allowance: Allowance
  /** What the disk did not take: nothing more is read until it does. */
  unwritten: Batch | undefined
}

type Place = Pick<Container, 'name' | 'appId' | 'version' | 'process' | 'number'>

type Batch = { readonly lines: readonly KeptLine[]; readonly cursors: ReadonlyMap<string, string> }

type Source = {
  readonly name: string
  readonly appId: string
  /** Docker's id, shortened. */
  readonly key: string
  /** Docker's own for the container; undefined: it is read through Docker's API. */
  readonly folder: string | undefined
  readonly collected: Collected
  watcher: FSWatcher | undefined
  /** All that there was when its folder was last watched anew. */
  isAllRead: boolean
  notedAt: number
  readAt: number
}

/** Lines that come together are written together; nobody waits for those that nobody follows. */
const gatherMs = { followed: 20, unfollowed: 250 }
/** For what no event tells: files that cannot be watched, containers that somebody else has removed. */
const lookMs = 2_000
const silentMs = 1_000
/** A disk that takes nothing must not keep a container from going. */
const settleMs = 20_000
/** While lines are only counted, that need not be written down each time. */
const noteMs = 1_000

/**
 * Takes what every container of ours writes into its app's kept log, out of the files in which Docker keeps it for a
 * while: no connection a container, nothing to do while nothing is written, and what was written while this server was
 * away is there. Where Docker is elsewhere, or its files may not be read, it is asked for the same. `$PAAS_HOME/app-logs/APP-ID/`.
 */
export class AppLogs {
  readonly #parts: AppLogsParts
  readonly #apps = new Map<string, AppLog>()
  /** By container name. */
  readonly #sources = new Map<string, Source>()
  #dirty = new Set<Source>()
  #timer: NodeJS.Timeout | undefined
  #due = 0
  #isPassing = false
  #look: NodeJS.Timeout | undefined
  #unreadable: string | undefined
  #isFull = false

  constructor(parts: AppLogsParts) {
    this.#parts = parts
  }

  of(appId: string): KeptLog {
    return this.#appOf(appId).kept
  }

  /** Begins with every container that Docker has of ours; again after Docker was away. */
  async start(): Promise<void> {
    const { engine, store, closing } = this.#parts
    const labels = { 'paas.instance': store.instanceId }
    const [found] = await Promise.all([
      engine.containers.list({ labels, all: true }),
      // Asked for now: the first deploy need not wait for it.
      engine.disk.root(),
    ])
    for (const { name, id } of found) {
      const container = store.containers.find(name)
      if (!container) continue
      await this.collect(container, id)
      await nextTurn()
    }
    for (const [appId, { kept }] of this.#apps) kept.forgetCursors((key) => this.#isRead(appId, key))
    if (this.#look || closing.aborted) return
    this.#look = setInterval(() => this.#lookAtAll(), lookMs)
    closing.addEventListener('abort', () => this.#close(), { once: true })
  }

  /** A container that was just made, or that an earlier process has known. */
  async collect(container: Place, id: string): Promise<void> {
    const folder = await this.#folderAtHand(id)
    const { name, appId, version, process, number } = container
    const key = id.slice(0, 12)
    const known = this.#sources.get(name)
    if (known?.key === key) return
    if (known) this.release(name)
    const { allowance, kept } = this.#appOf(appId)
    const { engine, secrets, closing: signal } = this.#parts
    const onChange = (): void => this.#mark(source)
    const collected = new Collected({
      open: (place) =>
        folder === undefined
          ? engine.containers.logStream(id, { place, onChange, signal })
          : new LogFile(folder, id, place),
      version,
      process: `${process}.${number}`,
      cursor: kept.cursorOf(key),
      allowance,
      hide: (text) => secrets.hide(appId, text),
    })
    const source: Source = {
      ...{ name, appId, key, collected, folder },
      watcher: undefined,
      isAllRead: false,
      notedAt: 0,
      readAt: Date.now(),
    }
    this.#sources.set(name, source)
    this.#watch(source)
    this.#mark(source)
  }

  /**
   * How long Docker's newest file of this container's log is, as far as that is known without a look at it: nothing has
   * been written since it was read. Else undefined.
   */
  knownLength(name: string, id: string): LogLength | undefined {
    const source = this.#sources.get(name)
    if (source?.key !== id.slice(0, 12) || !source.watcher || !source.isAllRead) return undefined
    return source.collected.length
  }

  /** Takes what the app's containers have written up to now. */
  async catchUp(appId: string): Promise<void> {
    const names = [...this.#sources.values()].flatMap((source) => (source.appId === appId ? source.name : []))
    for (const name of names) await this.settle(name)
  }

  /** Takes what the container has written up to now: before it is removed. Nothing where it is not known. */
  async settle(name: string): Promise<void> {
    const source = this.#sources.get(name)
    if (!source) return
    // What is read there is taken by the passes, up to the rest.
    if (source.folder === undefined)
      await Promise.race([source.collected.upToNow(), wait(settleMs, undefined, { ref: false })])
    while (this.#sources.get(name) === source && this.#read([source])) await nextTurn()
  }

  /** Takes the last of it: it is removed. */
  release(name: string): void {
    const source = this.#sources.get(name)
    if (!source) return
    while (this.#read([source])) {}
    const last = source.collected.finish({ isEnd: true })
    if (last) this.#write(source.appId, last.lines, [[source, last]])
    this.#forget(source)
    this.of(source.appId).forgetCursors((key) => key !== source.key)
  }

  /** All of an app that is gone. */
  removeOf(appId: string): void {
    for (const source of [...this.#sources.values()]) if (source.appId === appId) this.#forget(source)
    this.#apps.get(appId)?.kept[Symbol.dispose]()
    this.#apps.delete(appId)
    rmSync(this.#folderOf(appId), { recursive: true, force: true })
  }

  /** Why lines are not kept now; undefined: they are. */
  get trouble(): string | undefined {
    if (this.#unreadable !== undefined) return `Docker's log files cannot be read: ${this.#unreadable}`
    const [first] = [...this.#sources.values()].flatMap(({ collected }) => collected.trouble ?? [])
    return first
  }

  /** Docker's folder for the container, where its files are on this machine and may be read. */
  async #folderAtHand(id: string): Promise<string | undefined> {
    const { engine, settings } = this.#parts
    if (!isLocalDocker(settings.dockerHost)) return undefined
    const folder = join(await engine.disk.root(), 'containers')
    return isReadable(folder) ? join(folder, id) : undefined
  }

  #isRead(appId: string, key: string): boolean {
    return [...this.#sources.values()].some((source) => source.appId === appId && source.key === key)
  }

  #close(): void {
    clearInterval(this.#look)
    clearTimeout(this.#timer)
    for (const { watcher } of this.#sources.values()) watcher?.close()
  }

  #forget(source: Source): void {
    source.watcher?.close()
    source.collected[Symbol.dispose]()
    this.#dirty.delete(source)
    if (this.#sources.get(source.name) === source) this.#sources.delete(source.name)
  }

  #appOf(appId: string): AppLog {
    const known = this.#apps.get(appId)
    if (known) return known
    const kept = new KeptLog(this.#folderOf(appId), () => this.#limitOf(appId))
    const app = { kept, allowance: new Allowance(), unwritten: undefined }
    this.#apps.set(appId, app)
    return app
  }

  #folderOf(appId: string): string {
    return join(this.#parts.settings.home, 'app-logs', appId)
  }

  #limitOf(appId: string): number {
    const { store, settings } = this.#parts
    return (store.apps.exists(appId) ? store.apps.byId(appId).logBytes : null) ?? settings.logBytes
  }

  /** One event is enough: until it was read, the others would only cost. */
  #watch(source: Source): void {
    if (source.folder === undefined) return
    source.isAllRead = false
    try {
      source.watcher = watch(source.folder, { persistent: false }, () => {
        source.watcher?.close()
        source.watcher = undefined
        this.#mark(source)
      })
      source.watcher.on('error', () => {
        source.watcher = undefined
      })
    } catch {
      // It is looked at each 2 s all the same.
      source.watcher = undefined
    }
  }

  #mark(source: Source): void {
    this.#dirty.add(source)
    const { followed, unfollowed } = gatherMs
    this.#passWithin(this.of(source.appId).isFollowed ? followed : unfollowed)
  }

  #passWithin(ms: number): void {
    const due = Date.now() + ms
    if (this.#isPassing || this.#parts.closing.aborted || (this.#timer && this.#due <= due)) return
    clearTimeout(this.#timer)
    this.#due = due
    this.#timer = setTimeout(() => void this.#pass(), ms)
  }

  /** App by app, a piece of each: a flood of one waits for the others. */
  async #pass(): Promise<void> {
    this.#isPassing = true
    this.#timer = undefined
    const marked = this.#dirty
    this.#dirty = new Set()
    const again = new Set<Source>()
    try {
      for (const sources of Map.groupBy(marked, ({ appId }) => appId).values()) {
        if (this.#parts.closing.aborted) return
        const known = sources.filter((source) => this.#sources.get(source.name) === source)
        for (const source of known) if (!source.watcher) this.#watch(source)
        // One that had more than was read goes on in the next pass.
        if (this.#read(known)) for (const source of known) again.add(source)
        await nextTurn()
      }
    } finally {
      this.#isPassing = false
      if (again.size > 0) this.#passWithin(1)
      for (const source of again) this.#dirty.add(source)
      for (const source of this.#dirty) if (!again.has(source)) this.#mark(source)
    }
  }

  #lookAtAll(): void {
    for (const source of [...this.#sources.values()]) {
      try {
        if (source.collected.isGone) {
          void this.settle(source.name).then(() => this.release(source.name))
          continue
        }
      } catch (error) {
        this.#tellUnreadable(error)
      }
      if (source.collected.missed > 0 && Date.now() - source.readAt > silentMs) {
        const told = source.collected.finish({ isEnd: false })
        if (told) this.#write(source.appId, told.lines, [[source, told]])
      }
      this.#mark(source)
    }
  }

  /** A piece of what each of an app's containers has written; true: there is more. */
  #read(sources: readonly Source[]): boolean {
    const [first] = sources
    if (!first) return false
    if (!this.#writeAgain(first.appId)) return false
    const taken: [Source, Taken][] = []
    for (const source of sources) {
      const read = this.#readOne(source)
      source.isAllRead = !read?.isMore
      if (!read) continue
      source.readAt = Date.now()
      taken.push([source, read])
    }
    const lines = taken.flatMap(([, read]) => read.lines)
    if (taken.length > 1) lines.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
    const worth = taken.filter(
      ([source, read]) =>
        read.lines.length > 0 || !(source.collected.missed > 0) || source.readAt - source.notedAt > noteMs,
    )
    if (worth.length > 0) this.#write(first.appId, lines, worth)
    return taken.some(([, read]) => read.isMore)
  }

  #readOne(source: Source): Taken | undefined {
    try {
      const read = source.collected.read()
      if (read && source.folder !== undefined) this.#unreadable = undefined
      return read
    } catch (error) {
      this.#tellUnreadable(error)
      return undefined
    }
  }

  #write(appId: string, lines: readonly KeptLine[], read: readonly (readonly [Source, Taken])[]): void {
    const app = this.#appOf(appId)
    for (const [source] of read) source.notedAt = Date.now()
    const cursors = new Map(read.map(([source, { cursor }]) => [source.key, cursor]))
    if (app.unwritten)
      app.unwritten = {
        lines: [...app.unwritten.lines, ...lines],
        cursors: new Map([...app.unwritten.cursors, ...cursors]),
      }
    else app.unwritten = { lines, cursors }
    this.#writeAgain(appId)
  }

  /** False where the disk takes nothing. What is there stays in Docker's files meanwhile. */
  #writeAgain(appId: string): boolean {
    const app = this.#appOf(appId)
    if (!app.unwritten) return true
    try {
      app.kept.append(app.unwritten.lines, app.unwritten.cursors)
    } catch (error) {
      if (!this.#isFull) this.#parts.log(`Log lines cannot be written now: ${describe(error)}`)
      this.#isFull = true
      return false
    }
    this.#isFull = false
    app.unwritten = undefined
    return true
  }

  #tellUnreadable(error: unknown): void {
    if (this.#unreadable === undefined)
      this.#parts.log(`Docker's log files cannot be read: ${describe(error)}`)
    this.#unreadable = describe(error)
  }
}

function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
