import type { Readable, Writable } from 'node:stream'
import type { Paas } from '../paas.ts'
import type { Terminal } from '../ssh/session.ts'
import { randomName } from '../state/identifiers.ts'
import { ensureLinkNetworks } from './link-network.ts'
import { ensureNetwork } from './network.ts'
import { type OneOffCommand, oneOffSpec } from './one-off-spec.ts'
import { runJoined } from './run-joined.ts'

export type OneOff = OneOffCommand & {
  readonly terminal: Terminal | undefined
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly signal: AbortSignal
}

/** Runs a command in a container of its own, joined to the person's streams, and returns its exit code. The container is removed on every path. */
export async function runOneOff(paas: Paas, oneOff: OneOff): Promise<number> {
  const { app, terminal } = oneOff
  await ensureNetwork(paas, app)
  await ensureLinkNetworks(paas, app.id)
  const tty = terminal !== undefined
  const spec = oneOffSpec(paas, randomName(6), {
    ...oneOff,
    environment: { ...(terminal ? { TERM: terminal.term } : {}), ...oneOff.environment },
  })
  const onStarted = async (): Promise<void> => {
    if (terminal) await follow(paas, spec.name, terminal)
  }
  const { stdin, stdout, stderr, signal } = oneOff
  return await runJoined(paas, { ...spec, tty }, { stdin, stdout, stderr, signal, onStarted })
}

async function follow(paas: Paas, name: string, terminal: Terminal): Promise<void> {
  const resize = (size: { columns: number; rows: number }): Promise<void> =>
    paas.engine.containers.resize(name, size).catch((error: unknown) => paas.log(`${name}: ${String(error)}`))
  terminal.onResize((size) => void resize(size))
  await resize(terminal)
}
