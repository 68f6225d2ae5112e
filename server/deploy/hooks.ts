import { join } from 'node:path'
import { AppError, InterruptedError } from '../errors.ts'
import { executablesIn, runHook } from '../executables.ts'
import type { Deploy } from './deploy.ts'

const hookTimeoutMs = 5 * 60_000

/**
 * Runs the executables in `$PAAS_HOME/hooks/<step>/` in the order of their names, with PAAS_APP, PAAS_APP_ID,
 * PAAS_DEPLOY and PAAS_STEP in an otherwise constant environment. Throws `AppError` where one exits non-zero. A
 * deploy that is cancelled before its switch ends them.
 */
export async function runStepHooks(deploy: Deploy, step: string): Promise<void> {
  for (const hook of executablesIn(join(deploy.paas.settings.home, 'hooks', step))) {
    const { failed, isCanceled, timedOut, exitCode } = await runHook(hook, {
      environment: {
        PAAS_APP: deploy.app.name,
        PAAS_APP_ID: deploy.app.id,
        PAAS_DEPLOY: String(deploy.id),
        PAAS_STEP: step,
      },
      timeoutMs: hookTimeoutMs,
      onLine: (line) => deploy.progress.detail(line),
      ...(deploy.switched ? {} : { cancelSignal: deploy.signal }),
    })
    if (isCanceled) throw new InterruptedError()
    const name = `${step}/${hook.split('/').at(-1)}`
    if (timedOut)
      throw new AppError(`The server's hook ${name} did not end within ${hookTimeoutMs / 60_000} minutes`)
    if (failed) throw new AppError(`The server's hook ${name} refused (exit code ${exitCode ?? 'none'})`)
  }
}
