import type { Outputs } from '../outputs/outputs.ts'
import type { Journal } from '../state/journal.ts'
import type { DeployRequest } from './deploy.ts'
import { Job } from './job.ts'

/** The jobs of this process that have not ended; all others of the journal have, or were left by an earlier one. */
export class Jobs {
  readonly #journal: Journal
  readonly #outputs: Outputs
  readonly #jobs = new Map<number, Job>()

  constructor(parts: { journal: Journal; outputs: Outputs }) {
    this.#journal = parts.journal
    this.#outputs = parts.outputs
  }

  /** Journals a job, which is under way until it is disposed. */
  open(request: DeployRequest): Job {
    const { appId } = request
    const id = this.#journal.begin(request)
    // What is kept goes with the app; of its end there is nothing to keep.
    const kept = request.kind === 'destroy' ? { write: () => {} } : this.#outputs.open({ appId, id })
    const onEnd = (): void => {
      this.#jobs.delete(id)
      this.#outputs.close({ appId, id })
    }
    const job = new Job({ id, request, kept, onEnd })
    this.#jobs.set(id, job)
    return job
  }

  find(id: number): Job | undefined {
    return this.#jobs.get(id)
  }

  /** In the order in which they came. */
  of(appId: string): readonly Job[] {
    return [...this.#jobs.values()].filter((job) => job.request.appId === appId)
  }
}
