import { randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { PaasError } from '../errors.ts'
import type { Session } from '../ssh/session.ts'
import { converse } from './conversation.ts'
import { startGit } from './git.ts'
import { printableLines } from './printable.ts'
import { type PushRequest, procReceive, type Verdict } from './proc-receive.ts'
import { ShallowGate, unmarkNeedless } from './shallow.ts'
import { enter } from './visits.ts'

export type Push = PushRequest & {
  /** Each line that is written appears at the pusher at once, as `remote: ...`. Never blocks. */
  readonly progress: Writable
  /** Aborted when the pusher has gone or interrupts. */
  readonly signal: AbortSignal
}

export type ReceivePackOptions = {
  readonly repository: string
  readonly session: Session
  /**
   * Judges the branches of a push, whose objects are in the repository by now, and moves those it accepts.
   * What it throws refuses all of them.
   */
  readonly onPush: (push: Push) => Promise<readonly Verdict[]>
  /** Learns what broke, under the reference that the pusher was given. */
  readonly onError: (ref: string, error: unknown) => void
}

/**
 * Serves a push: git takes the objects, tags and other refs; branches are for `onPush`. Where anything ends before
 * a verdict, the push is refused. What a refused push brought is removed when no other push is under way.
 * Returns git's exit code.
 */
export async function receivePack(options: ReceivePackOptions): Promise<number> {
  const { repository, session } = options
  await using visit = await enter(repository)
  const child = startGit(repository, ['receive-pack', '.'], {
    detached: true,
    extraPipes: 3,
    protocol: session.environment.GIT_PROTOCOL,
    cpuSeconds: 600,
    dataBytes: 2 * 1024 ** 3,
  })
  const [, , , asked, answer, told] = child.stdio as unknown as [
    unknown,
    unknown,
    unknown,
    Readable,
    Writable,
    Writable,
  ]
  const gate = new ShallowGate(repository, session.signal)
  const progress = printableLines(told)
  let refused = false
  let judging: Promise<readonly Verdict[]> | undefined

  const conversed = procReceive({ input: asked, output: answer }, async (request) => {
    judging = judge(options, { ...request, progress, signal: session.signal }, gate.commits)
    const verdicts = await judging
    refused = !verdicts.every((verdict) => verdict.ok)
    return verdicts
  })
    .catch((error: unknown) => options.onError(reference(), error))
    .finally(() => {
      progress.end()
      answer.end()
    })

  const code = await converse(child, session, { through: gate, busy: () => judging })
  await conversed
  const marked = gate.commits.length > 0 && judging === undefined
  if (refused || marked || code !== 0) visit.leavesObjects()
  return code
}

async function judge(
  options: ReceivePackOptions,
  push: Push,
  boundary: readonly string[],
): Promise<readonly Verdict[]> {
  const refuseAll = (reason: string): Verdict[] => push.updates.map(({ ref }) => ({ ref, ok: false, reason }))
  try {
    push.signal.throwIfAborted()
    await unmarkNeedless(options.repository, boundary, push.signal)
    return await options.onPush(push)
  } catch (error) {
    if (error instanceof PaasError) return refuseAll(error.message)
    if (push.signal.aborted) return refuseAll('interrupted')
    const ref = reference()
    options.onError(ref, error)
    return refuseAll(`internal error (${ref})`)
  }
}

function reference(): string {
  return randomBytes(4).toString('hex')
}
