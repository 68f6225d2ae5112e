import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestInstance, until } from './instance.ts'

/**
 * Kills the server right after the first journal step `step` of `work`, and its supervisor, which would pause longer
 * each time; returns when all runs again. Throws where the step never comes.
 * @returns milliseconds from the new start until SSH and HTTP answered
 */
export async function killAfterStep(
  paas: TestInstance,
  step: string,
  work: () => Promise<unknown>,
): Promise<number> {
  const before = paas.pid('server')
  const folder = join(paas.home, 'hooks', step)
  setHook(paas, folder)
  const done = await work()
  await until(
    `the server is gone after "${step}" of ${JSON.stringify(done)}`,
    async () => !existsSync(`/proc/${before}`),
  )
  const started = performance.now()
  await paas.up()
  rmSync(folder, { recursive: true })
  return performance.now() - started
}

/** It removes itself first: whatever the next start finishes meets no hook any more. */
function setHook(paas: TestInstance, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const hook = join(folder, 'kill')
  writeFileSync(
    hook,
    `#!/bin/sh\nrm "$0"\nread -r supervisor rest <${paas.home}/run/server.supervisor.pid\nkill -9 "$supervisor" "$PPID"\n`,
  )
  chmodSync(hook, 0o755)
}
