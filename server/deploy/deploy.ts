import { type AppError, InterruptedError, NoSuchAppError, PaasError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Progress } from '../progress.ts'
import type { App } from '../state/apps.ts'
import type { DeployKind } from '../state/journal.ts'
import { endLeftJobs, endLeftJobsInBackground } from './end-job.ts'
import { runStepHooks } from './hooks.ts'

export type DeployRequest = {
  readonly appId: string
  readonly kind: DeployKind
  /** The person, for the journal and for those who wait. */
  readonly who: string
  readonly progress: Progress
  /** Cancels the job up to its point of no return. */
  readonly signal: AbortSignal
}

/** One journalled job on one app, from its lock to its end. */
export class Deploy {
  readonly id: number
  readonly paas: Paas
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly request: DeployRequest
  readonly #undos: (() => Promise<void>)[] = []
  #switched = false
  #leftOpen = false

  constructor(paas: Paas, request: DeployRequest) {
    this.paas = paas
    this.request = request
    this.progress = request.progress
    this.signal = request.signal
    this.id = paas.store.journal.begin(request)
  }

  get switched(): boolean {
    return this.#switched
  }

  /** Its journal entry stays: there is something to end later. */
  get leftOpen(): boolean {
    return this.#leftOpen
  }

  /** The app as it stands now. */
  get app(): App {
    return this.paas.store.apps.byId(this.request.appId)
  }

  /** Journals that `step` is done, then runs the operators' hooks for it; up to the switch a failing hook refuses. */
  async step(step: string): Promise<void> {
    if (!this.#switched && this.signal.aborted) throw new InterruptedError()
    this.paas.store.journal.step(this.id, step)
    await this.#hooks(step)
  }

  /** `undo` runs if the job ends before its switch; last registered first. */
  onUndo(undo: () => Promise<void>): void {
    this.#undos.push(undo)
  }

  /**
   * THE POINT OF NO RETURN: `change` and the journal's entry become true together. Before it everything is
   * undone; after it nothing is thrown at the person any more.
   */
  async switch(change: () => void): Promise<void> {
    if (this.signal.aborted) throw new InterruptedError()
    this.paas.store.transaction(() => {
      change()
      this.paas.store.journal.switched(this.id)
    })
    this.#switched = true
    await this.#hooks('switched')
  }

  /** After the switch: `work` is tried; where it fails the person is warned, and it is done behind the command. */
  async finish(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.progress.trouble(
        `${what}: ${error instanceof Error ? error.message : String(error)} (the server goes on trying)`,
      )
      this.paas.log(`deploy ${this.id}: ${what}: ${error instanceof Error ? error.stack : String(error)}`)
      return false
    }
  }

  /** Makes the journal tell of this job until `endLeftJobs` has done what is left. */
  leaveOpen(): void {
    this.#leftOpen = true
  }

  async undo(): Promise<void> {
    for (const undo of this.#undos.reverse()) {
      await undo().catch((error: unknown) => {
        this.leaveOpen()
        this.paas.log(`deploy ${this.id}: clean-up failed: ${String(error)}`)
      })
    }
  }

  async #hooks(step: string): Promise<void> {
    const run = runStepHooks(this, step)
    if (this.#switched) await this.finish(`Hook of ${step}`, () => run)
    else await run
  }
}

/**
 * Runs `story` under the app's lock as one journalled job: it ends in the new state or, undone, in the old one.
 * Throws what the story throws, as long as the job has not switched.
 */
export async function runDeploy<T>(
  paas: Paas,
  request: DeployRequest,
  story: (deploy: Deploy) => Promise<T>,
): Promise<T> {
  using _lock = await paas.locks.hold(request.appId, {
    who: request.who,
    what: request.kind,
    onWait: (holder) =>
      request.progress.step(
        `Waiting: ${holder.who} holds the app (${holder.what}) since ${holder.since.toISOString().slice(11, 19)} UTC`,
      ),
    signal: request.signal,
  })
  await endLeftJobs(paas, request.appId)
  const app = paas.store.apps.byId(request.appId)
  if (app.destroying) throw new NoSuchAppError(app.name)
  const deploy = new Deploy(paas, request)
  try {
    const result = await story(deploy)
    end(deploy, 'succeeded')
    return result
  } catch (error) {
    if (deploy.switched) end(deploy, 'succeeded', String(error))
    else {
      await deploy.undo()
      explain(deploy, error)
      end(deploy, 'failed', error instanceof PaasError ? error.message : 'internal error')
    }
    throw request.signal.aborted && !(error instanceof PaasError) ? new InterruptedError() : error
  }
}

/** What the person was told is told again by `why`. */
function explain({ paas, id }: Deploy, error: unknown): void {
  if (!(error instanceof PaasError) || error instanceof InterruptedError) return
  const { message, next = null, lastLines = [] } = error as PaasError & Partial<AppError>
  paas.store.journal.explain(id, { message, next, lastLines: lastLines.slice(-mostLines).map(shortened) })
}

const mostLines = 20
const shortened = (line: string): string => line.slice(0, 500)

function end(deploy: Deploy, outcome: 'succeeded' | 'failed', message?: string): void {
  const { paas, id } = deploy
  if (deploy.leftOpen) endLeftJobsInBackground(paas, deploy.request.appId)
  else paas.store.journal.end(id, outcome, message)
}
