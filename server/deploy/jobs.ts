import { InterruptedError } from '../errors.ts'
import type { Outputs } from '../outputs/outputs.ts'
import type { Store } from '../state/store.ts'
import type { DeployRequest } from './deploy.ts'
import { Job } from './job.ts'

/** The jobs of this process that have not ended; all others of the journal have, or were left by an earlier one. */
export class Jobs {
  readonly #store: Pick<Store, 'apps' | 'journal'>
  readonly #outputs: Outputs
  readonly #closing: AbortSignal
  readonly #jobs = new Map<number, Job>()

  /** @param parts.closing cancels all of them */
  constructor(parts: { store: Pick<Store, 'apps' | 'journal'>; outputs: Outputs; closing: AbortSignal }) {
    this.#store = parts.store
    this.#outputs = parts.outputs
    this.#closing = parts.closing
    this.#closing.addEventListener('abort', () => {
      for (const job of this.#jobs.values()) job.cancel(stopping())
    })
  }

  /** Journals a job, unless that is done, which is under way until it is disposed. */
  open(request: DeployRequest): Job {
    const { appId } = request
    const id = request.begun ?? this.#store.journal.begin(request)
    // What is kept goes with the app; of its end there is nothing to keep.
    const kept = request.kind === 'destroy' ? { write: () => {} } : this.#outputs.open({ appId, id })
    const onEnd = (): void => {
      this.#jobs.delete(id)
      this.#outputs.close({ appId, id })
    }
    const job = new Job({ id, request, kept, outlives: (each) => this.#outlives(each), onEnd })
    this.#jobs.set(id, job)
    if (this.#closing.aborted) job.cancel(stopping())
    request.onOpen?.(id)
    return job
  }

  /** Resolves once none is under way. */
  async ended(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map((job) => job.ended))
  }

  find(id: number): Job | undefined {
    return this.#jobs.get(id)
  }

  /** Ends what was asked for with this key and has not switched, also where nobody waits for it any more. */
  cancelOf(fingerprint: string): void {
    for (const job of this.#jobs.values())
      if (job.request.key === fingerprint)
        job.cancel(new InterruptedError('The key that asked for it is removed'))
  }

  /** In the order in which they came. */
  of(appId: string): readonly Job[] {
    return [...this.#jobs.values()].filter((job) => job.request.appId === appId)
  }

  #outlives({ request: { appId } }: Job): boolean {
    const { apps } = this.#store
    return !this.#closing.aborted && apps.exists(appId) && apps.byId(appId).onDisconnect === 'detach'
  }
}

const stopping = (): InterruptedError => new InterruptedError('The server is being stopped')
