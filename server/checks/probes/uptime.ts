import type { ProbeRun } from '../probe.ts'

/** Passes where the container has run without an end for so long. */
export const uptime: ProbeRun<'uptime'> = async (paas, { container }, probe, { signal }) => {
  const { state, startedAt } = await paas.engine.containers.inspect(container.name, { signal })
  const ranMs = state === 'running' ? Date.now() - Date.parse(startedAt ?? '') : 0
  const saw = `it has run for ${Math.floor(ranMs / 1000)} s of ${probe.uptimeMs / 1000} s`
  return { passed: ranMs >= probe.uptimeMs, answered: true, saw }
}
