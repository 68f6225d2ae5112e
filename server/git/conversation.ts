import type { Transform } from 'node:stream'
import { PaasError } from '../errors.ts'
import type { Session } from '../ssh/session.ts'
import { exitOf, type GitProcess } from './git.ts'
import { printableLines } from './printable.ts'

/**
 * Lets a git process talk with the client of a session, to its end, and returns its exit code. When the session
 * is aborted, git's stdin ends, so that it cleans up by itself; only if it stays is its process group ended.
 * @param options.through what the client sends passes through this
 * @param options.busy while this is pending, git is left alone: it waits for us
 */
export async function converse(
  child: GitProcess,
  session: Session,
  options: { readonly through?: Transform; readonly busy?: () => Promise<unknown> | undefined } = {},
): Promise<number> {
  const { signal, stdin, stdout } = session
  const input = options.through === undefined ? stdin : stdin.pipe(options.through)
  input.pipe(child.stdin)
  child.stdout.pipe(stdout, { end: false })
  input.once('error', (error) => {
    if (error instanceof PaasError) session.stderr.write(`${error.message}. ${error.next ?? ''}\n`)
    child.stdin.end()
  })
  child.stderr.pipe(printableLines(session.stderr, { end: false }))

  const endInput = (): void => {
    if (stdin.readableEnded && !signal.aborted) return
    stdin.unpipe()
    input.unpipe(child.stdin)
    child.stdin.end()
  }
  const ended = exitOf(child)
  const onAbort = (): void => {
    endInput()
    void endGently(child, ended, options.busy)
  }
  stdin.once('close', endInput)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  try {
    return (await ended) ?? 1
  } finally {
    signal.removeEventListener('abort', onAbort)
    stdin.off('close', endInput)
  }
}

async function endGently(
  child: GitProcess,
  ended: Promise<unknown>,
  busy: (() => Promise<unknown> | undefined) | undefined,
): Promise<void> {
  await busy?.()
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    if (await endsWithin(ended, graceMs)) return
    endGroup(child, name)
  }
}

const graceMs = 5000

async function endsWithin(ended: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => late.resolve(false), ms)
  const inTime = await Promise.race([
    ended.then(
      () => true,
      () => true,
    ),
    late.promise,
  ])
  clearTimeout(timer)
  return inTime
}

function endGroup(child: GitProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, name)
  } catch (error) {
    // It has just ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
