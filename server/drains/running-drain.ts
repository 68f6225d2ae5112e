import { setTimeout as wait } from 'node:timers/promises'
import { describe, PaasError } from '../errors.ts'
import { appHistory, followApp } from '../logs/app-log.ts'
import type { Paas } from '../paas.ts'
import type { Drain } from '../state/drains.ts'
import { drainAddress } from './drain-address.ts'
import { type DrainedLine, drainSpool } from './drained-line.ts'
import { HttpsSink } from './https-sink.ts'
import { type Sink, sendMs } from './sink.ts'
import { syslogMessage } from './syslog-message.ts'
import { SyslogSink } from './syslog-sink.ts'

const spoolBytes = 4 * 1024 * 1024
const sendingBytes = 256 * 1024
/** Lines that come together go together. */
const gatherMs = 100
/** Apps that are new are read from their beginning. */
const lookForAppsMs = 1_000
const firstPauseMs = 500
const longestPauseMs = 30_000
/** How far a start of the server goes back: the lines of several processes do not come in the order of their times. */
const overlapMs = 2_000
/** Of what was written while the server was away; the logs themselves end before. */
const mostHistory = 100_000

export type DrainState = {
  /** Lines that wait. */
  readonly waiting: number
  /** Lines that were missed since the last that was taken. */
  readonly missed: number
  /** Why the last sending failed; null: it did not. */
  readonly error: string | null
}

/** One log drain at work: reads the app's log, or every app's, into a spool, and sends what is in it for as long as it takes. */
export class RunningDrain {
  readonly #paas: Paas
  readonly #drain: Drain
  readonly #spool = drainSpool(spoolBytes)
  readonly #stopped = new AbortController()
  readonly #sink: Sink
  /** Lines that are being sent. */
  #underWay = 0
  #error: string | null = null
  #notedAt = 0

  constructor(paas: Paas, drain: Drain) {
    this.#paas = paas
    this.#drain = drain
    this.#sink = openSink(drain)
  }

  get state(): DrainState {
    return { waiting: this.#spool.size + this.#underWay, missed: this.#spool.missed, error: this.#error }
  }

  stop(): void {
    this.#stopped.abort()
  }

  /** Returns when it was stopped, the app is gone or the server ends. */
  async run(): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, this.#paas.closing])
    try {
      await Promise.all([this.#read(signal).finally(() => this.stop()), this.#send(signal)])
    } finally {
      this.#sink.close()
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { appId } = this.#drain
    if (appId !== null) return await this.#readApp(appId, signal)
    const read = new Set<string>()
    while (!signal.aborted) {
      for (const { id } of this.#paas.store.apps.list()) {
        if (read.has(id)) continue
        read.add(id)
        this.#readApp(id, signal)
          .catch((error: unknown) => this.#paas.log(`A log drain reads ${id} no more: ${String(error)}`))
          .finally(() => read.delete(id))
      }
      await pause(lookForAppsMs, signal)
    }
  }

  async #readApp(appId: string, signal: AbortSignal): Promise<void> {
    const { store } = this.#paas
    const app = store.apps.byId(appId)
    const options = {
      tail: mostHistory,
      since: this.#drain.sentUntil,
      process: undefined,
      source: undefined,
      version: undefined,
    }
    const { entries, places } = await appHistory(this.#paas, app, options)
    for (const entry of entries) this.#spool.push({ ...entry, appId })
    for await (const entry of followApp(this.#paas, app, options, places, signal))
      this.#spool.push({ ...entry, appId })
  }

  async #send(signal: AbortSignal): Promise<void> {
    let pauseMs = firstPauseMs
    for (;;) {
      await this.#spool.filled(signal)
      await pause(gatherMs, signal)
      if (signal.aborted) return
      const entries = this.#spool.take(sendingBytes)
      this.#underWay = entries.length
      while (!(await this.#sent(entries, signal))) {
        await pause(pauseMs, signal)
        if (signal.aborted) return
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      }
      this.#underWay = 0
      pauseMs = firstPauseMs
    }
  }

  async #sent(entries: readonly DrainedLine[], signal: AbortSignal): Promise<boolean> {
    const { store, settings } = this.#paas
    const names = new Map(store.apps.list().map(({ id, name }) => [id, name]))
    const messages = entries.flatMap((entry) => {
      const app = names.get(entry.appId)
      return app === undefined ? [] : syslogMessage(entry, { host: settings.domain, app })
    })
    if (messages.length === 0) return true
    const limit = AbortSignal.timeout(sendMs)
    try {
      await this.#sink.send(messages, AbortSignal.any([signal, limit]))
    } catch (error) {
      this.#error = limit.aborted ? `it takes nothing within ${sendMs / 1000} s` : reason(error)
      return false
    }
    this.#error = null
    this.#note(entries.at(-1))
    return true
  }

  /** Where the next start goes on. Each note is a write to the disk: not for every sending. */
  #note(last: DrainedLine | undefined): void {
    if (!last || Date.now() - this.#notedAt < overlapMs) return
    this.#notedAt = Date.now()
    const at = new Date(Date.parse(last.at) - overlapMs).toISOString()
    if (at > this.#drain.sentUntil) this.#paas.store.drains.setSentUntil(this.#drain.id, at)
  }
}

function openSink({ id, url, allowPrivate }: Drain): Sink {
  const address = drainAddress(url)
  return address.protocol === 'https:'
    ? new HttpsSink(address, { allowPrivate, id })
    : new SyslogSink(address, { allowPrivate })
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  wait(ms, undefined, { signal }).catch(() => {})

const reason = (error: unknown): string =>
  error instanceof PaasError ? describe(error) : error instanceof Error ? error.message : String(error)
