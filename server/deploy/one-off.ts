import type { Readable, Writable } from 'node:stream'
import type { Paas } from '../paas.ts'
import type { Terminal } from '../ssh/session.ts'
import type { App } from '../state/apps.ts'
import { randomName } from '../state/identifiers.ts'
import type { Release } from '../state/releases.ts'
import { limitsOf, oneOffType } from '../state/resources.ts'
import { mountsFor } from './mounts.ts'
import { ensureNetwork, networkName } from './network.ts'
import { commandOf, environmentOf, labelsOf } from './start.ts'

export type OneOff = {
  readonly app: App
  readonly release: Release
  /** argv as it came; a single Procfile type stands for its line. */
  readonly words: readonly string[]
  /** In place of words: run as a line of the Procfile is. */
  readonly line?: string
  readonly environment: Readonly<Record<string, string>>
  readonly terminal: Terminal | undefined
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly signal: AbortSignal
}

/** Runs a command in a container of its own, joined to the person's streams, and returns its exit code. The container is removed on every path. */
export async function runOneOff(paas: Paas, oneOff: OneOff): Promise<number> {
  const { app, release, terminal, signal } = oneOff
  await ensureNetwork(paas, app)
  const id = randomName(6)
  const name = `paas-${app.id}-run-${id}`
  const tty = terminal !== undefined
  const { containers } = paas.engine
  await containers.create({
    name,
    hostname: `run-${id}-v${release.version}`,
    image: release.image,
    ...commandFor(oneOff),
    environment: {
      ...environmentOf(paas, app, release, `run.${id}`),
      ...(terminal ? { TERM: terminal.term } : {}),
      ...oneOff.environment,
    },
    labels: labelsOf(paas, app, release, `run.${id}`),
    network: { name: networkName(app.id) },
    mounts: mountsFor(paas, app, 'run'),
    tty,
    openStdin: true,
    // Written to disk as JSON beside, output would come at half the speed; and a dump would stay there.
    logged: false,
    limits: limitsOf(paas.store.resources.of(app.id), oneOffType),
  })
  try {
    const { ended } = await containers.attach(name, { ...oneOff, tty })
    await containers.start(name, { signal })
    if (terminal) await follow(paas, name, terminal)
    const code = await containers.wait(name, { signal })
    await ended
    return code
  } finally {
    await containers.remove(name, { force: true })
  }
}

function commandFor({ release, words, line: task }: OneOff): { command?: string[]; entrypoint?: string[] } {
  const [only = ''] = words
  const line =
    task ??
    (words.length === 1 && Object.hasOwn(release.processes, only) ? release.processes[only] : undefined)
  if (typeof line === 'string') return commandOf(line, release.entrypoint)
  // One empty string is how the API says: no entry point.
  return { entrypoint: [''], command: [...words] }
}

async function follow(paas: Paas, name: string, terminal: Terminal): Promise<void> {
  const resize = (size: { columns: number; rows: number }): Promise<void> =>
    paas.engine.containers.resize(name, size).catch((error: unknown) => paas.log(`${name}: ${String(error)}`))
  terminal.onResize((size) => void resize(size))
  await resize(terminal)
}
