import { execa } from 'execa'
import { UnavailableError } from '../server/errors.ts'

export type Detached = {
  /** Whether it has ended; asked after the event loop had a turn. */
  readonly ended: () => boolean
}

// A pipe that our caller holds open by any number (bash's process substitution) would not end before the program does.
const closeAndExec = [
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
  'for fd in /proc/$$/fd/*; do n=${fd##*/}; if ((n > 2)); then eval "exec $n>&-"; fi; done 2>/dev/null',
  'exec "$@"',
].join('\n')

/**
 * Starts a program in a session of its own, silent and with no open file of ours, so that it outlives us, our
 * terminal and whoever reads our output.
 */
export async function startDetached(
  [program, ...args]: readonly [string, ...string[]],
  options: {
    readonly folder: string
    readonly environment?: Readonly<Record<string, string>>
    /** Whether it sees our environment too. */
    readonly inheritsEnvironment: boolean
  },
): Promise<Detached> {
  const subprocess = execa({
    detached: true,
    cleanup: false,
    reject: false,
    stdio: 'ignore',
    cwd: options.folder,
    env: { ...options.environment },
    extendEnv: options.inheritsEnvironment,
  })('bash', ['-c', closeAndExec, 'bash', program, ...args])
  const child = subprocess.nodeChildProcess
  if (child.pid === undefined) {
    throw new UnavailableError(`${program} cannot be started: ${(await subprocess).message}`)
  }
  child.unref()
  return { ended: () => child.exitCode !== null || child.signalCode !== null }
}
