import type { Layout } from './layout.ts'
import type { Part } from './parts.ts'
import { type LiveProcess, liveProcess } from './process-record.ts'

export type Condition = {
  readonly state: 'running' | 'restarting' | 'unsupervised' | 'stopped'
  readonly supervisor: LiveProcess | undefined
  readonly child: LiveProcess | undefined
}

/** What is left or running of a part: `unsupervised` is a child that outlived its killed supervisor. */
export function inspectPart(name: Part['name'], places: Layout): Condition {
  const supervisor = liveProcess(places.supervisorPidFile(name))
  const child = liveProcess(places.pidFile(name))
  if (supervisor) return { state: child ? 'running' : 'restarting', supervisor, child }
  return { state: child ? 'unsupervised' : 'stopped', supervisor, child }
}
