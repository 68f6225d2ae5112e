import { EventEmitter, on } from 'node:events'
import { join } from 'node:path'
import { describe, exitCode as known, UnavailableError } from '../errors.ts'
import { EventLog, type Verdict } from './event-log.ts'
import { Refusals } from './refusals.ts'

/** Something that happened on this server, as whoever caused it tells it. */
export type Happening = {
  /** Noun and past participle: `deploy-succeeded`, `process-crashed`, `release-went-back` */
  readonly type: string
  readonly app?: { readonly id: string; readonly name: string } | undefined
  /** The person, or `paas` for what the server does by itself. */
  readonly who: string
  /** One sentence for people; never a config value. */
  readonly message: string
  readonly facts?: Readonly<Record<string, string | number | boolean | null>> | undefined
}

/** A happening as it is kept. */
export type Event = Happening & { readonly sequence: number; readonly at: string }

/** What a person does that changes something, or shows a secret. */
export type Deed = {
  readonly who: string
  /** The comment of the key that was proved, or `token` and its name, and its fingerprint. */
  readonly key: string
  readonly fingerprint: string
  readonly address: string
  /** The command's words, without anything that may be secret. */
  readonly what: string
  readonly app?: { readonly id: string; readonly name: string } | undefined
}

/** How a deed ended; `refused`: its person may not do it. A program that ran may give any code. */
export type Ending = { readonly exitCode: number; readonly refused?: boolean }

/** The types of the audit's lines: a deed before its effect, and how it ended. */
export const deedStarted = 'command-started'
export const deedEnded = 'command-ended'
/** The type of a deed that was refused, since its person may not do it. */
export const deedRefused = 'command-refused'

/** What happened, in the order in which it did: hash-chained JSON lines in `$PAAS_HOME/events/`. */
export class Events {
  readonly #log: EventLog
  readonly #say: (line: string) => void
  readonly #told = new EventEmitter().setMaxListeners(0)
  readonly #refusals = new Refusals((deed, more) => this.#recordRefused(deed, more))

  /** Opens the log; what a crash had left of a last line is cut off, which is said and is an event. */
  constructor(home: string, say: (line: string) => void) {
    this.#log = new EventLog({ folder: join(home, 'events') })
    this.#say = say
    const { tornBytes } = this.#log
    if (tornBytes === 0) return
    const message = `The last event was torn by a crash: its ${tornBytes} bytes were cut off`
    say(message)
    this.record({ type: 'events-repaired', who: 'paas', message, facts: { bytes: tornBytes } })
  }

  /** Lasts when this returns. What has happened is not undone where it cannot be written: the server's log says it. */
  record(happening: Happening): void {
    try {
      this.#append(happening)
    } catch (error) {
      this.#say(`Event lost (${describe(error)}): ${happening.type}: ${happening.message}`)
    }
  }

  /** Writes down what is about to be done. Throws `UnavailableError` where that does not last: then it must not be done. */
  begin({ who, what, app, key, fingerprint, address }: Deed): number {
    try {
      const facts = { key, fingerprint, address }
      return this.#append({ type: deedStarted, who, message: what, app, facts })
    } catch (cause) {
      this.#say(`The audit cannot be written: ${describe(cause)}`)
      if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
        throw new UnavailableError('The disk is full; nothing was changed', {
          next: 'An admin of the server sees what uses it with disk, and frees some with cleanup',
          cause,
        })
      throw new UnavailableError('The audit cannot be written; nothing was changed', {
        next: "The server's log says why: make logs",
        cause,
      })
    }
  }

  /** How the deed that `begin` numbered ended. */
  end(begun: number, deed: Deed, { exitCode, refused = false }: Ending): void {
    const message = refused ? 'refused' : exitCode === known.done ? 'done' : 'failed'
    const facts = { begun, exitCode }
    this.record({ type: deedEnded, who: deed.who, message, app: deed.app, facts })
  }

  /** Writes down what was refused before it began: of a flood the first, and how many more there were. */
  refuse(deed: Deed): void {
    this.#refusals.tell(deed)
  }

  /** The last `count` events that `wanted` takes, oldest first. */
  latest(count: number, wanted: (event: Event) => boolean): readonly Event[] {
    const found: Event[] = []
    for (const line of this.#log.newestFirst()) {
      const event = parsed(line)
      if (event && wanted(event)) found.push(event)
      if (found.length === count) break
    }
    return found.reverse()
  }

  /** The number of the last event; 0: there has been none. */
  get lastSequence(): number {
    return this.#log.lastSequence
  }

  /** What is kept of what came after the event of this number, oldest first. */
  after(sequence: number): readonly Event[] {
    const found: Event[] = []
    for (const line of this.#log.newestFirst()) {
      const event = parsed(line)
      if (event && event.sequence <= sequence) break
      if (event) found.push(event)
    }
    return found.reverse()
  }

  /** What happens from this call on; ends when `signal` aborts. */
  follow(signal: AbortSignal): AsyncIterable<Event> {
    return eventsUntil(on(this.#told, 'event', { signal }), signal)
  }

  /** Whether what is kept is whole. */
  verify(): Verdict {
    return this.#log.verify()
  }

  #recordRefused({ who, what, app, key, fingerprint, address }: Deed, more: number): void {
    const facts = { key, fingerprint, address, exitCode: known.notAllowed, ...(more > 0 ? { more } : {}) }
    this.record({ type: deedRefused, who, message: what, app, facts })
  }

  #append(happening: Happening): number {
    const content = { at: new Date().toISOString(), ...happening, ...appOf(happening) }
    const sequence = this.#log.append(content)
    this.#told.emit('event', { sequence, ...content } satisfies Event)
    return sequence
  }
}

async function* eventsUntil(told: AsyncIterable<unknown[]>, signal: AbortSignal): AsyncGenerator<Event> {
  try {
    for await (const [event] of told) yield event as Event
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Whoever records hands over a whole app; its id and name are what is kept. */
const appOf = ({ app }: Happening): Pick<Happening, 'app'> =>
  app ? { app: { id: app.id, name: app.name } } : {}

/** undefined for a line that somebody broke: `verify` names it. */
function parsed(line: string): Event | undefined {
  try {
    return JSON.parse(line) as Event
  } catch {
    return undefined
  }
}
