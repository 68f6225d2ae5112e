import { execa } from 'execa'
import { UnavailableError } from '../server/errors.ts'

/** Starts a program in a session of its own, so that it outlives us and our terminal. */
export async function startDetached(
  command: readonly [string, ...string[]],
  options: {
    readonly folder: string
    readonly environment?: Readonly<Record<string, string>>
    /** Whether it sees our environment too. */
    readonly inheritsEnvironment: boolean
    /** A descriptor for what it prints; left out: nowhere. */
    readonly output?: number
  },
): Promise<void> {
  const [program, ...args] = command
  const output = options.output ?? 'ignore'
  const subprocess = execa({
    detached: true,
    cleanup: false,
    reject: false,
    cwd: options.folder,
    env: { ...options.environment },
    extendEnv: options.inheritsEnvironment,
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  })(program, args)
  const child = subprocess.nodeChildProcess
  if (child.pid === undefined) {
    const { message } = await subprocess
    throw new UnavailableError(`${program} cannot be started: ${message}`)
  }
  child.unref()
}
