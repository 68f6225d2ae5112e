import { rm } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { inspectPart } from './inspect-part.ts'
import type { Layout } from './layout.ts'
import type { Part } from './parts.ts'
import { liveProcess } from './process-record.ts'

/** Ends a part and its supervisor: TERM, and KILL after the grace time. Returns false where nothing ran. */
export async function stopPart(name: Part['name'], places: Layout): Promise<boolean> {
  const { state } = inspectPart(name, places)
  if (state === 'stopped') return false
  await end(places.supervisorPidFile(name), supervisorGraceMs)
  // The child of a supervisor that had been killed, or that we just had to kill.
  await end(places.pidFile(name), childGraceMs)
  await Promise.all([
    rm(places.supervisorPidFile(name), { force: true }),
    rm(places.pidFile(name), { force: true }),
    rm(places.commandFile(name), { force: true }),
  ])
  return true
}

const childGraceMs = 35_000
const supervisorGraceMs = 40_000

async function end(pidFile: string, graceMs: number): Promise<void> {
  const target = liveProcess(pidFile)
  if (!target) return
  const alive = (): boolean => liveProcess(pidFile)?.pid === target.pid
  const deadline = Date.now() + graceMs
  signal(target.pid, 'SIGTERM')
  while (alive()) {
    if (Date.now() > deadline) signal(target.pid, 'SIGKILL')
    await setTimeout(20)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    // It ended between our look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
