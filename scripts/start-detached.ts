import { execa } from 'execa'
import { UnavailableError } from '../server/errors.ts'

/** Starts a program in a session of its own, silent, so that it outlives us and our terminal. */
export async function startDetached(
  [program, ...args]: readonly [string, ...string[]],
  options: {
    readonly folder: string
    readonly environment?: Readonly<Record<string, string>>
    /** Whether it sees our environment too. */
    readonly inheritsEnvironment: boolean
  },
): Promise<void> {
  const subprocess = execa({
    detached: true,
    cleanup: false,
    reject: false,
    stdio: 'ignore',
    cwd: options.folder,
    env: { ...options.environment },
    extendEnv: options.inheritsEnvironment,
  })(program, args)
  if (subprocess.nodeChildProcess.pid === undefined) {
    throw new UnavailableError(`${program} cannot be started: ${(await subprocess).message}`)
  }
  subprocess.nodeChildProcess.unref()
}
