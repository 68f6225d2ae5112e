import { ConflictError, NotFoundError, RefusedError } from '../../docker/engine-errors.ts'
import { describe } from '../../errors.ts'
import { firstBytes } from '../first-bytes.ts'
import type { ProbeRun } from '../probe.ts'

/** Passes where the command, run inside the container, exits with 0. */
export const command: ProbeRun<'command'> = async (paas, { container }, probe, { timeoutMs, signal }) => {
  try {
    const { exitCode, output } = await paas.engine.containers.execute(container.name, probe.command, {
      timeoutMs,
      signal,
    })
    const said = firstBytes(output)
    const how = exitCode === undefined ? `no end within ${timeoutMs / 1000} s` : `exit code ${exitCode}`
    return { passed: exitCode === 0, answered: true, saw: said === '' ? how : `${how}: ${said}` }
  } catch (error) {
    const isItsFault = [RefusedError, ConflictError, NotFoundError].some((kind) => error instanceof kind)
    if (isItsFault) return { passed: false, answered: false, saw: describe(error) }
    throw error
  }
}
