import { EndedByServerError, InterruptedError, PaasError } from '../errors.ts'
import { Output, type Sink } from '../output.ts'
import type { Progress } from '../progress.ts'
import type { DeployRequest } from './deploy.ts'
import type { Holder } from './locks.ts'

export type JobOptions = {
  readonly id: number
  readonly request: DeployRequest
  readonly kept: Sink
  readonly outlives: (job: Job) => boolean
  readonly onEnd: () => void
}

/** A job of this process, from when it asks for its app until it has ended. Its number is the journal's. */
export class Job implements Disposable {
  readonly id: number
  readonly request: DeployRequest
  /** To whoever asked for it, and kept. */
  readonly progress: Progress
  /** Who has the app as long as it waits; undefined before that is known, and once it has its turn. */
  waitsFor: Holder | undefined
  /** Resolves once nothing of it is under way any more. */
  readonly ended: Promise<void>
  readonly #kept: Output
  readonly #cancelled = new AbortController()
  readonly #outlives: (job: Job) => boolean
  readonly #onGone = (): void => this.#personGone()
  readonly #onEnd: () => void
  #hasBegun = false

  /**
   * @param options.kept takes what it prints, for later
   * @param options.outlives asked when a job that has begun loses its person: whether it goes on
   */
  constructor(options: JobOptions) {
    const { request, kept } = options
    this.id = options.id
    this.#outlives = options.outlives
    this.request = request
    const ended = Promise.withResolvers<void>()
    this.ended = ended.promise
    this.#onEnd = () => {
      options.onEnd()
      ended.resolve()
    }
    this.#kept = new Output({ stdout: kept, stderr: kept, terminal: false, headings: true })
    this.progress = both(request.progress, this.#kept)
    if (request.signal.aborted) this.#onGone()
    else request.signal.addEventListener('abort', this.#onGone, { once: true })
  }

  /** Aborted, with the `PaasError` that says why, when the job is to end before its point of no return. */
  get signal(): AbortSignal {
    return this.#cancelled.signal
  }

  /** Ends the job as long as it has not switched; whoever asked for it is told `why`. */
  cancel(why: InterruptedError): void {
    this.#cancelled.abort(why)
  }

  /** It has had its turn and changes the app. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** It has its turn; from now on it may outlive whoever asked for it. */
  begin(): void {
    this.#hasBegun = true
  }

  /** Keeps what is said of a failure to whoever asked. */
  keepError(error: PaasError): void {
    this.#kept.error(error)
  }

  /** What a failure is to be told as: where the job was cancelled, why it was. */
  failure(thrown: unknown): unknown {
    const { aborted, reason } = this.signal
    return aborted && (thrown instanceof InterruptedError || !(thrown instanceof PaasError)) ? reason : thrown
  }

  #personGone(): void {
    const { reason } = this.request.signal
    if (reason instanceof EndedByServerError) this.cancel(reason)
    else if (this.#hasBegun && this.#outlives(this))
      this.progress.step(`Nobody waits for deploy ${this.id} any more; it goes on`)
    else this.cancel(new InterruptedError())
  }

  [Symbol.dispose](): void {
    this.request.signal.removeEventListener('abort', this.#onGone)
    this.#onEnd()
  }
}

const both = (one: Progress, other: Progress): Progress => ({
  step: (text) => {
    one.step(text)
    other.step(text)
  },
  heading: (text) => {
    one.heading(text)
    other.heading(text)
  },
  detail: (text) => {
    one.detail(text)
    other.detail(text)
  },
  trouble: (text) => {
    one.trouble(text)
    other.trouble(text)
  },
})
