import { randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { endMarked } from '../docker/end-marked.ts'
import { RefusedError } from '../docker/engine-errors.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Terminal } from '../ssh/session.ts'
import type { Container } from '../state/containers.ts'

export type Visit = {
  readonly container: Container
  /** Empty: a shell. */
  readonly command: readonly string[]
  readonly terminal: Terminal | undefined
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly signal: AbortSignal
}

const shell = ['/bin/sh', '-c', 'if command -v bash >/dev/null; then exec bash; else exec sh; fi']

/**
 * Runs a command beside a running process, joined to the person's streams, and returns its exit code. Left before its
 * end, it is killed with its children: they carry a mark in their environment. Throws `UserError` where the image has
 * no such command.
 */
export async function enterProcess(paas: Paas, visit: Visit): Promise<number> {
  const { container, terminal } = visit
  const mark = `${markOf(paas)}${randomBytes(8).toString('hex')}`
  const [name = '', value = ''] = mark.split('=')
  const command = visit.command.length === 0 ? shell : visit.command
  try {
    const { exitCode } = await paas.engine.containers.enter(container.name, {
      ...visit,
      command,
      environment: { [name]: value, ...(terminal ? { TERM: terminal.term } : {}) },
      tty: terminal !== undefined,
      onStarted: (resize) => {
        if (!terminal) return
        const follow = (size: { columns: number; rows: number }): void => {
          resize(size).catch((error: unknown) => paas.log(`${container.name}: ${String(error)}`))
        }
        terminal.onResize(follow)
        follow(terminal)
      },
    })
    return exitCode
  } catch (error) {
    await endMarked(mark)
    if (!(error instanceof RefusedError)) throw error
    throw new UserError(error.message, {
      next: `Another command, or a shell: enter --app APP sh`,
      cause: error,
    })
  }
}

/** Ends what visits of an earlier server have left: nobody is joined to it any more. */
export const endLeftVisits = (paas: Paas): Promise<void> => endMarked(markOf(paas))

const markOf = (paas: Paas): string => `PAAS_ENTER=${paas.store.instanceId}.`
