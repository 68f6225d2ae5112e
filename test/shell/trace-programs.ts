import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { until } from '../instance.ts'

/** A program that a traced process, or one that it started, has tried to become: its path and its words. */
export type Started = { readonly path: string; readonly words: string }

export type Trace = AsyncDisposable & {
  /** Ends the trace; returns what was started since it began. */
  end(): Promise<readonly Started[]>
}

const shells = /^(ba|da|k|mk|z|a|c|tc|fi|rba|)sh$|^busybox$/

/** Whether that is a shell, whatever it was asked to do. */
export const isShell = ({ path }: Started): boolean => shells.test(basename(path))

/** Whether this machine lets one process trace another. */
export async function canTrace(): Promise<boolean> {
  const { failed } = await execa('strace', ['-f', '-o', '/dev/null', 'true'], { reject: false })
  return !failed
}

/** Writes what `pids`, and all that they start, execute from now on to a file in `folder`: strace(1). */
export async function tracePrograms(pids: readonly number[], folder: string): Promise<Trace> {
  const file = join(folder, `programs-${pids.join('-')}`)
  const options = ['-f', '-qq', '-s', '400', '-e', 'trace=execve,execveat', '-e', 'signal=none', '-o', file]
  const strace = execa('strace', [...options, ...pids.flatMap((pid) => ['-p', String(pid)])], {
    reject: false,
    stdin: 'ignore',
  })
  const end: Trace['end'] = async () => {
    // It lets go of whom it traces, and ends.
    strace.kill('SIGINT')
    await strace
    return programsIn(existsSync(file) ? readFileSync(file, 'utf8') : '')
  }
  try {
    await until(`strace has all threads of ${pids.join(' and ')}`, async () =>
      pids.flatMap(threadsOf).every((status) => tracerOf(status) === strace.pid),
    )
  } catch (error) {
    await end()
    throw error
  }
  return { end, [Symbol.asyncDispose]: async () => void (await end()) }
}

const threadsOf = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/status`)

const tracerOf = (status: string): number =>
  Number(/^TracerPid:\s+(\d+)/m.exec(readFileSync(status, 'utf8'))?.[1])

function programsIn(trace: string): readonly Started[] {
  const calls = trace.matchAll(
    /\bexecve(?:at)?\((?:AT_FDCWD, |\d+<?[^,]*, )?"([^"]*)", (\[.*?\](?=, |\)| <))/g,
  )
  return [...calls].map(([, path = '', words = '']) => ({ path, words }))
}
