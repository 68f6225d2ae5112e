import type { Readable, Writable } from 'node:stream'
import type { ContainerSpec } from '../docker/container-spec.ts'
import type { Paas } from '../paas.ts'
import { startContainer } from './start-container.ts'

export type Joined = {
  readonly stdin?: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly signal: AbortSignal
  readonly onStarted?: () => Promise<void>
}

/**
 * Runs a container joined to these streams, and returns its exit code once all of its output is written. Nothing of
 * it is logged, and it is removed on every path. Throws as `startContainer`.
 */
export async function runJoined(paas: Paas, spec: ContainerSpec, joined: Joined): Promise<number> {
  const { signal, onStarted } = joined
  const { containers } = paas.engine
  const { name } = spec
  // Written to disk as JSON beside, output would come at half the speed; and a dump would stay there.
  await containers.create({ ...spec, openStdin: joined.stdin !== undefined, logged: false })
  try {
    const { ended } = await containers.attach(name, { ...joined, tty: spec.tty === true })
    await startContainer(paas, { name, place: spec.labels['paas.process'] ?? name }, { signal })
    await onStarted?.()
    const code = await containers.wait(name, { signal })
    await ended
    return code
  } finally {
    await containers.remove(name, { force: true })
  }
}
