import { setTimeout as wait } from 'node:timers/promises'
import { PaasError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Delivery, Webhook } from '../state/webhooks.ts'
import { post } from './post.ts'
import { shownUrl } from './shown-url.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
/** What lies between one try and the next: six tries within an hour. */
const pausesMs: readonly number[] = [secondMs, 10 * secondMs, minuteMs, 10 * minuteMs, 45 * minuteMs]
/** So many are told at once; of one webhook one after the other. */
const mostAtOnce = 8
const afterFaultMs = 30 * secondMs

type Parts = Pick<Paas, 'store' | 'events' | 'closing' | 'log'>

/** The spool's way out: each message is tried until it is taken or given up, those of one webhook in their order. */
export class Deliveries {
  readonly #paas: Parts
  readonly #pausesMs: readonly number[]
  /** Webhooks that are being told something. */
  readonly #busy = new Map<number, Promise<void>>()
  #woken = Promise.withResolvers<void>()

  /** @param options.pausesMs what lies between one try and the next */
  constructor(paas: Parts, options: { readonly pausesMs?: readonly number[] | undefined } = {}) {
    this.#paas = paas
    this.#pausesMs = options.pausesMs ?? pausesMs
    paas.closing.addEventListener('abort', () => this.wake())
  }

  /** Something may be due. */
  wake(): void {
    this.#woken.resolve()
  }

  /** Until the server closes; what is due then stays so for the next one. */
  async run(): Promise<void> {
    const { store, closing } = this.#paas
    while (!closing.aborted) {
      this.#woken = Promise.withResolvers<void>()
      for (const delivery of store.webhooks.due(Date.now())) this.#begin(delivery)
      await this.#untilDue()
    }
    await Promise.all(this.#busy.values())
  }

  #begin(delivery: Delivery): void {
    const { webhookId } = delivery
    if (this.#busy.has(webhookId) || this.#busy.size >= mostAtOnce) return
    const told = this.#tell(delivery)
      .catch((error: unknown) => this.#fault(error))
      .finally(() => {
        this.#busy.delete(webhookId)
        this.wake()
      })
    this.#busy.set(webhookId, told)
  }

  /** Until one is due whose webhook is free, or somebody wakes it. */
  async #untilDue(): Promise<void> {
    const at = this.#paas.store.webhooks.nextAt()
    // What is due already waits for its webhook or for a place: their end wakes it.
    const pauseMs = at === undefined || at <= Date.now() ? undefined : at - Date.now()
    const timer = pauseMs === undefined ? undefined : setTimeout(() => this.wake(), pauseMs)
    await this.#woken.promise
    clearTimeout(timer)
  }

  async #tell(delivery: Delivery): Promise<void> {
    const { store, closing } = this.#paas
    const webhook = store.webhooks.find(delivery.webhookId)
    if (!webhook) return
    const { status, error } = await post(webhook, delivery, closing)
    const pauseMs = error === null ? undefined : this.#pausesMs[delivery.tries]
    const nextAt = pauseMs === undefined ? null : Date.now() + pauseMs
    store.webhooks.tried(delivery.id, { status, error, nextAt })
    if (error !== null && nextAt === null) this.#giveUp(webhook, delivery, error)
  }

  #giveUp(webhook: Webhook, { event, tries }: Delivery, error: string): void {
    const { store, events } = this.#paas
    const app =
      webhook.appId !== null && store.apps.exists(webhook.appId) ? store.apps.byId(webhook.appId) : undefined
    events.record({
      type: 'webhook-failed',
      app,
      who: 'paas',
      message: `Webhook ${webhook.id} (${shownUrl(webhook.url)}) was not told of ${event}: ${error}, after ${tries + 1} tries`,
      facts: { webhook: webhook.id, event },
    })
  }

  /** Ours: what was to be told stays due, and is not told again and again. */
  async #fault(error: unknown): Promise<void> {
    const { log, closing } = this.#paas
    if (closing.aborted) return
    log(
      `Webhooks: ${error instanceof PaasError ? error.message : error instanceof Error ? error.stack : String(error)}`,
    )
    await wait(afterFaultMs, undefined, { signal: closing }).catch(() => {})
  }
}
