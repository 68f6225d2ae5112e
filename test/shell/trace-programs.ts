import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { until } from '../instance.ts'

export type Trace = {
  /** Ends the trace; returns the paths of the programs that were started, or tried, since it began. */
  end(): Promise<readonly string[]>
}

const shells = /^(ba|da|k|mk|z|a|c|tc|fi|rba|)sh$|^busybox$/

/** Whether the program at `path` is a shell, whatever it was asked to do. */
export const isShell = (path: string): boolean => shells.test(basename(path))

/** Whether this machine lets one process trace another. */
export async function canTrace(): Promise<boolean> {
  const { failed } = await execa('strace', ['-f', '-o', '/dev/null', 'true'], { reject: false })
  return !failed
}

/** Writes what `pid`, and all that it starts, executes from now on to a file in `folder`: strace(1). */
export async function tracePrograms(pid: number, folder: string): Promise<Trace> {
  const file = join(folder, `programs-${pid}`)
  const options = ['-f', '-qq', '-s', '400', '-e', 'trace=execve,execveat', '-e', 'signal=none', '-o', file]
  const strace = execa('strace', [...options, '-p', String(pid)], { reject: false, stdin: 'ignore' })
  const end: Trace['end'] = async () => {
    // It lets go of whom it traces, and ends.
    strace.kill('SIGINT')
    await strace
    return programsIn(existsSync(file) ? readFileSync(file, 'utf8') : '')
  }
  try {
    await until(`strace has all threads of ${pid}`, async () =>
      readdirSync(`/proc/${pid}/task`).every(
        (thread) => tracerOf(`/proc/${pid}/task/${thread}`) === strace.pid,
      ),
    )
  } catch (error) {
    await end()
    throw error
  }
  return { end }
}

const tracerOf = (thread: string): number =>
  Number(/^TracerPid:\s+(\d+)/m.exec(readFileSync(`${thread}/status`, 'utf8'))?.[1])

const programsIn = (trace: string): readonly string[] =>
  [...trace.matchAll(/\bexecve(?:at)?\((?:[^",]*, )?"([^"]*)"/g)].map(([, path = '']) => path)
