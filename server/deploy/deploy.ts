import { SilentEngineError } from '../docker/engine-errors.ts'
import {
  type AppError,
  type ExitCode,
  exitCode,
  InterruptedError,
  NoSuchAppError,
  PaasError,
} from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Progress } from '../progress.ts'
import type { App } from '../state/apps.ts'
import { type DeployKind, makesApp, type Outcome } from '../state/journal.ts'
import { assertUnlocked } from './assert-unlocked.ts'
import { endLeftJobs, endLeftJobsInBackground } from './end-job.ts'
import { runStepHooks } from './hooks.ts'
import type { Job } from './job.ts'
import { replaceWaiting } from './replace-waiting.ts'
import { remembered } from './standing.ts'
import { tellOfDeploy } from './tell-of-deploy.ts'
import { unmakeApp } from './unmake-app.ts'

export type DeployRequest = {
  readonly appId: string
  readonly kind: DeployKind
  /** The person, for the journal and for those who wait. */
  readonly who: string
  /** The fingerprint of his key: removing that ends the job, also where nobody waits for it any more. */
  readonly key?: string
  readonly progress: Progress
  /** Aborted when whoever asked is gone: cancels the job up to its point of no return, unless the app says otherwise. */
  readonly signal: AbortSignal
  /** The branch that moves with it. */
  readonly ref?: { readonly name: string; readonly from: string; readonly to: string }
  /** Its number, where the transaction that made the app has journalled it; without, it is journalled now. */
  readonly begun?: number | undefined
  /** Told the job's number at once, within the call. */
  readonly onOpen?: (id: number) => void
}

type Undo = { readonly undo: () => Promise<void>; readonly laterToo: boolean }

/** One journalled job on one app, from its lock to its end. */
export class Deploy {
  readonly id: number
  readonly paas: Paas
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly request: DeployRequest
  readonly job: Job
  /** Names of what ran once for its release so far. */
  readonly tasks: string[] = []
  readonly #found: App | undefined
  readonly #undos: Undo[] = []
  #switched = false
  #leftOpen = false

  constructor(paas: Paas, job: Job) {
    this.paas = paas
    this.job = job
    this.request = job.request
    this.progress = job.progress
    this.signal = job.signal
    this.id = job.id
    this.#found = this.subject
  }

  get switched(): boolean {
    return this.#switched
  }

  /** Its journal entry stays: there is something to end later. */
  get leftOpen(): boolean {
    return this.#leftOpen
  }

  /** The app as it stands now, or stood when the job came; undefined where it was gone before. */
  get subject(): App | undefined {
    return this.paas.store.apps.exists(this.request.appId) ? this.app : this.#found
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

  /**
   * `undo` runs if the job ends before its switch; last registered first.
   * @param options.laterToo `endLeftJobs` does the same
   */
  onUndo(undo: () => Promise<void>, options: { readonly laterToo?: boolean } = {}): void {
    this.#undos.push({ undo, laterToo: options.laterToo === true })
  }

  /**
   * THE POINT OF NO RETURN: `change` and the journal's entry become true together. Before it everything is
   * undone; after it nothing is thrown at the person any more.
   */
  async switch(change: () => void): Promise<void> {
    if (this.signal.aborted) throw new InterruptedError()
    this.paas.store.transaction(() => {
      this.record(change)
      this.paas.store.journal.switched(this.id)
    })
    this.#switched = true
    await this.#hooks('switched')
  }

  /** Makes a change that needs no switch last: of what counts from the next release on. `undo` can take it back. */
  record(change: () => void): void {
    const { appId, who } = this.request
    remembered(this.paas.store, { id: this.id, appId, who }, change)
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

  /** What may be done later is, once Docker is silent: each further call would wait for its whole deadline. */
  async undo(thrown: unknown): Promise<void> {
    let silent = thrown instanceof SilentEngineError
    for (const { undo, laterToo } of this.#undos.reverse()) {
      if (silent && laterToo) {
        this.leaveOpen()
        continue
      }
      await undo().catch((error: unknown) => {
        silent ||= error instanceof SilentEngineError
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
  using job = paas.jobs.open(request)
  const deploy = new Deploy(paas, job)
  using _lock = await turnOf(deploy)
  try {
    await endLeftJobs(paas, request.appId)
    if (deploy.app.destroying) throw new NoSuchAppError(deploy.app.name)
    assertUnlocked(paas, deploy.app, request.kind)
    job.begin()
    if (makesApp(request.kind))
      deploy.onUndo(() => unmakeApp(paas, deploy.app, request.who), { laterToo: true })
    tellOfDeploy(paas, { id: deploy.id, ...request }, 'started')
    const result = await story(deploy)
    end(deploy, 'succeeded')
    return result
  } catch (thrown) {
    if (deploy.switched) {
      end(deploy, 'succeeded', String(thrown))
      throw job.failure(thrown)
    }
    await deploy.undo(thrown)
    throw fail(deploy, thrown)
  }
}

/** Waits for the app's lock, in place of an older push that waits. A job whose wait is given up has ended. */
async function turnOf(deploy: Deploy): Promise<Disposable> {
  const { paas, job, progress, request } = deploy
  try {
    await replaceWaiting(paas, job)
    return await paas.locks.hold(request.appId, {
      who: request.who,
      what: `${request.kind}, deploy ${job.id}`,
      onWait: (holder) => {
        job.waitsFor = holder
        progress.step(
          `Waiting: ${holder.who} holds the app (${holder.what}) since ${holder.since.toISOString().slice(11, 19)} UTC`,
        )
      },
      signal: job.signal,
    })
  } catch (thrown) {
    // Without its turn it may not take the app away.
    if (makesApp(request.kind)) deploy.leaveOpen()
    throw fail(deploy, thrown)
  } finally {
    job.waitsFor = undefined
  }
}

/** Journals and keeps how the job failed; returns what its person is to be told. */
function fail(deploy: Deploy, thrown: unknown): unknown {
  const error = deploy.job.failure(thrown)
  const told = error instanceof PaasError ? error : new PaasError('Internal error')
  if (deploy.paas.store.apps.exists(deploy.request.appId)) deploy.job.keepError(told)
  explain(deploy, error)
  end(deploy, told instanceof InterruptedError ? 'cancelled' : 'failed', told.message, told.exitCode)
  return error
}

/** What the person was told is told again by `why`. */
function explain({ paas, id }: Deploy, error: unknown): void {
  if (!(error instanceof PaasError) || error instanceof InterruptedError) return
  const { message, next = null, lastLines = [] } = error as PaasError & Partial<AppError>
  paas.store.journal.explain(id, { message, next, lastLines: lastLines.slice(-mostLines).map(shortened) })
}

const mostLines = 20
const shortened = (line: string): string => line.slice(0, 500)

function end(deploy: Deploy, outcome: Outcome, message?: string, code: ExitCode = exitCode.done): void {
  const { paas, id } = deploy
  const told = { message: message ?? null, exitCode: code }
  if (deploy.leftOpen) {
    paas.store.journal.leave(id, told)
    endLeftJobsInBackground(paas, deploy.request.appId)
    return
  }
  paas.store.journal.end(id, outcome, told)
  tellOfDeploy(paas, { id, ...deploy.request }, outcome, deploy.subject)
}
