import { join } from 'node:path'
import { execa } from 'execa'
import { AppError, InterruptedError } from '../errors.ts'
import { executablesIn, hookPath } from '../executables.ts'
import type { Deploy } from './deploy.ts'

const hookTimeoutMs = 5 * 60_000

/**
 * Runs the executables in `$PAAS_HOME/hooks/<step>/` in the order of their names, with PAAS_APP, PAAS_APP_ID,
 * PAAS_DEPLOY and PAAS_STEP in an otherwise constant environment. Throws `AppError` where one exits non-zero. A
 * deploy that is cancelled before its switch ends them.
 */
export async function runStepHooks(deploy: Deploy, step: string): Promise<void> {
  for (const hook of executablesIn(join(deploy.paas.settings.home, 'hooks', step))) {
    const result = await execa(hook, [], {
      env: {
        PATH: hookPath,
        PAAS_APP: deploy.app.name,
        PAAS_APP_ID: deploy.app.id,
        PAAS_DEPLOY: String(deploy.id),
        PAAS_STEP: step,
      },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: 'ignore',
      timeout: hookTimeoutMs,
      ...(deploy.switched ? {} : { cancelSignal: deploy.signal }),
    })
    if (result.isCanceled) throw new InterruptedError()
    for (const line of (result.all ?? '').split('\n').filter(Boolean)) deploy.progress.detail(line)
    if (result.failed) {
      throw new AppError(
        `The server's hook ${step}/${hook.split('/').at(-1)} refused (exit code ${result.exitCode ?? 'none'})`,
      )
    }
  }
}
