import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

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

/** What happened, in the order in which it did: one JSON line each in `$PAAS_HOME/events.jsonl`. */
export class Events {
  readonly #file: string

  constructor(home: string) {
    this.#file = join(home, 'events.jsonl')
  }

  /** Lasts when this returns. */
  record(happening: Happening): void {
    appendFileSync(this.#file, `${JSON.stringify({ at: new Date().toISOString(), ...happening })}\n`, {
      mode: 0o600,
    })
  }
}
