import type { Container as EngineContainer } from '../docker/containers.ts'
import type { Paas } from '../paas.ts'
import type { ContainerEnd } from '../state/containers.ts'
import { lastLinesOf } from './last-lines.ts'

const mostLineLength = 500

/** How a container ended its last run, with its last lines. Throws `NotFoundError` where it is gone. */
export async function containerEnd(paas: Paas, name: string): Promise<ContainerEnd> {
  const found = await paas.engine.containers.inspect(name)
  const lines = await lastLinesOf(paas, name)
  return {
    startedAt: found.startedAt ?? null,
    at: found.finishedAt ?? new Date().toISOString(),
    how: howItEnded(found),
    code: found.exitCode ?? null,
    oomKilled: found.oomKilled,
    lastLines: lines.map((line) => line.slice(0, mostLineLength)),
  }
}

function howItEnded(found: EngineContainer): string {
  const code = found.exitCode ?? 0
  if (found.error) return `could not be started: ${found.error}`
  if (found.oomKilled) {
    const limit = found.memoryBytes > 0 ? ` (limit ${Math.round(found.memoryBytes / 1024 / 1024)} MB)` : ''
    // A child may have been the one that the kernel chose.
    return code === 137 ? `was killed: out of memory${limit}` : `ran out of memory${limit}, exit code ${code}`
  }
  const signal = signals[code]
  return signal ? `was ended by ${signal} (exit code ${code})` : `exited with code ${code}`
}

/** 128 + the signal's number, as a shell says it. */
const signals: Readonly<Record<number, string>> = {
  132: 'SIGILL',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
}
