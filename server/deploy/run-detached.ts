import type { Paas } from '../paas.ts'
import { randomName } from '../state/identifiers.ts'
import { removeRunWhenOver, runLabels } from './detached-runs.ts'
import { ensureLinkNetworks } from './link-network.ts'
import { ensureNetwork } from './network.ts'
import { type OneOffCommand, oneOffSpec } from './one-off-spec.ts'

export type DetachedCommand = OneOffCommand & {
  /** Default: one that is made up. */
  readonly id?: string
  readonly who: string
  /** After which it is ended and removed, with what it printed. */
  readonly lifetimeMs: number
}

/**
 * Starts a command in a container of its own that nobody is joined to; returns its name, `run.x7k2ma`. It outlives the
 * connection and the server, and is kept with what it printed until its lifetime is over.
 */
export async function runDetached(paas: Paas, command: DetachedCommand): Promise<string> {
  await ensureNetwork(paas, command.app)
  await ensureLinkNetworks(paas, command.app.id)
  const id = command.id ?? randomName(6)
  const spec = oneOffSpec(paas, id, command)
  const until = new Date(Date.now() + command.lifetimeMs)
  const { containers } = paas.engine
  await containers.create({
    ...spec,
    labels: {
      ...spec.labels,
      ...runLabels({ ...command, words: command.line === undefined ? command.words : [command.line] }, until),
    },
  })
  try {
    await containers.start(spec.name)
  } catch (error) {
    await containers.remove(spec.name, { force: true })
    throw error
  }
  removeRunWhenOver(paas, spec.name, until)
  return `run.${id}`
}
