import type { Cipher } from './cipher.ts'
import type { Database, Row } from './database.ts'

/** Whom to tell of what happens. */
export type Webhook = {
  readonly id: number
  /** null: of what happens on the whole server. */
  readonly appId: string | null
  readonly url: string
  /** What bodies are signed with. */
  readonly secret: string
  /** Types of events: `deploy-failed` */
  readonly events: readonly string[]
  /** It may be on this machine, or in a network that the internet does not route. */
  readonly allowPrivate: boolean
  readonly createdBy: string
  readonly createdAt: string
}

/** One event for one webhook, tried until it is taken or given up. */
export type Delivery = {
  /** As the receiver knows it. */
  readonly id: string
  readonly webhookId: number
  readonly event: string
  readonly body: string
  readonly createdAt: string
  readonly tries: number
  readonly triedAt: string | null
  /** Of the last answer; null: there was none. */
  readonly status: number | null
  /** Why the last try failed; null: it did not. */
  readonly error: string | null
  /** Milliseconds since 1970; null: nothing more is tried. */
  readonly nextAt: number | null
}

export type Tried = Pick<Delivery, 'status' | 'error' | 'nextAt'>

/** So many wait for one webhook; the oldest make room. */
const mostWaiting = 100
/** So many that have ended are kept of one webhook. */
const mostEnded = 50

/** Webhooks, and the spool of what they are told. */
export class Webhooks {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  /** @param lastEvent the number of the last event: of what was before it, the webhook hears nothing */
  add(webhook: Omit<Webhook, 'id' | 'createdAt'>, lastEvent: number): Webhook {
    const createdAt = new Date().toISOString()
    return this.#database.transaction(() => {
      // As long as there is none, events are not looked at.
      if (!this.#database.get('SELECT id FROM webhook LIMIT 1')) this.#lookedAt(lastEvent)
      const id = this.#database.insert(
        `INSERT INTO webhook (app_id, url, secret, events, allow_private, created_by, created_at)
         VALUES (?, x'', x'', ?, ?, ?, ?)`,
        webhook.appId,
        webhook.events.join(' '),
        Number(webhook.allowPrivate),
        webhook.createdBy,
        createdAt,
      )
      this.#database.run(
        'UPDATE webhook SET url = ?, secret = ? WHERE id = ?',
        this.#cipher.seal(webhook.url, contextOf(id, 'url')),
        this.#cipher.seal(webhook.secret, contextOf(id, 'secret')),
        id,
      )
      return { ...webhook, id, createdAt }
    })
  }

  find(id: number): Webhook | undefined {
    const row = this.#database.get('SELECT * FROM webhook WHERE id = ?', id)
    return row && this.#toWebhook(row)
  }

  /** Those of the app alone; null: those of the whole server. */
  of(appId: string | null): readonly Webhook[] {
    return this.#database
      .all('SELECT * FROM webhook WHERE app_id IS ? ORDER BY id', appId)
      .map((row) => this.#toWebhook(row))
  }

  all(): readonly Webhook[] {
    return this.#database.all('SELECT * FROM webhook ORDER BY id').map((row) => this.#toWebhook(row))
  }

  /** With what it was to be told. */
  remove(id: number): void {
    this.#database.run('DELETE FROM webhook WHERE id = ?', id)
  }

  /** The number of the last event that was looked at; undefined: none ever. */
  lastEvent(): number | undefined {
    const row = this.#database.get('SELECT sequence FROM webhook_event')
    return row && Number(row.sequence)
  }

  /** The event of this number was looked at, and whom it concerns is to be told: all of it lasts, or nothing. */
  spool(sequence: number, told: readonly Pick<Delivery, 'id' | 'webhookId' | 'event' | 'body'>[]): void {
    this.#database.transaction(() => {
      this.#lookedAt(sequence)
      for (const each of told) this.#add(each, Date.now())
    })
  }

  /** What was told without waiting for its turn. */
  keep(told: Pick<Delivery, 'id' | 'webhookId' | 'event' | 'body'>, tried: Tried): void {
    this.#database.transaction(() => {
      this.#add(told, null)
      this.tried(told.id, tried)
    })
  }

  /** Of each webhook the first that is due. */
  due(now: number): readonly Delivery[] {
    return this.#database
      .all('SELECT *, min(number) FROM delivery WHERE next_at <= ? GROUP BY webhook_id ORDER BY next_at', now)
      .map(toDelivery)
  }

  /** When the next one is due, in milliseconds since 1970. */
  nextAt(): number | undefined {
    const row = this.#database.get('SELECT min(next_at) AS at FROM delivery WHERE next_at IS NOT NULL')
    return row?.at == null ? undefined : Number(row.at)
  }

  tried(id: string, { status, error, nextAt }: Tried): void {
    this.#database.run(
      'UPDATE delivery SET tries = tries + 1, tried_at = ?, status = ?, error = ?, next_at = ? WHERE id = ?',
      new Date().toISOString(),
      status,
      error,
      nextAt,
      id,
    )
  }

  /** Newest first. */
  deliveries(webhookId: number, limit: number): readonly Delivery[] {
    return this.#database
      .all('SELECT * FROM delivery WHERE webhook_id = ? ORDER BY number DESC LIMIT ?', webhookId, limit)
      .map(toDelivery)
  }

  /** The one that was tried last; undefined: none was. */
  lastTried(webhookId: number): Delivery | undefined {
    const row = this.#database.get(
      'SELECT * FROM delivery WHERE webhook_id = ? AND tries > 0 ORDER BY tried_at DESC, number DESC LIMIT 1',
      webhookId,
    )
    return row && toDelivery(row)
  }

  #lookedAt(sequence: number): void {
    this.#database.run('DELETE FROM webhook_event')
    this.#database.run('INSERT INTO webhook_event (sequence) VALUES (?)', sequence)
  }

  #add(told: Pick<Delivery, 'id' | 'webhookId' | 'event' | 'body'>, nextAt: number | null): void {
    this.#database.run(
      'INSERT INTO delivery (id, webhook_id, event, body, created_at, next_at) VALUES (?, ?, ?, ?, ?, ?)',
      told.id,
      told.webhookId,
      told.event,
      told.body,
      new Date().toISOString(),
      nextAt,
    )
    for (const [which, most] of [
      ['NOT NULL', mostWaiting],
      ['NULL', mostEnded],
    ] as const)
      this.#database.run(
        `DELETE FROM delivery WHERE webhook_id = ? AND next_at IS ${which} AND number <= (
           SELECT number FROM delivery WHERE webhook_id = ? AND next_at IS ${which}
           ORDER BY number DESC LIMIT 1 OFFSET ?)`,
        told.webhookId,
        told.webhookId,
        most,
      )
  }

  #toWebhook(row: Row): Webhook {
    const id = Number(row.id)
    return {
      id,
      appId: row.app_id === null ? null : String(row.app_id),
      url: this.#cipher.open(row.url as Uint8Array, contextOf(id, 'url')),
      secret: this.#cipher.open(row.secret as Uint8Array, contextOf(id, 'secret')),
      events: String(row.events).split(' '),
      allowPrivate: row.allow_private === 1,
      createdBy: String(row.created_by),
      createdAt: String(row.created_at),
    }
  }
}

const contextOf = (id: number, field: 'url' | 'secret'): string => `webhook/${id}/${field}`

const toDelivery = (row: Row): Delivery => ({
  id: String(row.id),
  webhookId: Number(row.webhook_id),
  event: String(row.event),
  body: String(row.body),
  createdAt: String(row.created_at),
  tries: Number(row.tries),
  triedAt: row.tried_at === null ? null : String(row.tried_at),
  status: row.status === null ? null : Number(row.status),
  error: row.error === null ? null : String(row.error),
  nextAt: row.next_at === null ? null : Number(row.next_at),
})
