import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds of CPU that these processes and their children have used, the kernel's for them included. */
export function cpuTime(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + tasks(pid) + cpuTime(children(pid)), 0)
}

/** Finer than the clock ticks of /proc/PID/stat: the scheduler counts nanoseconds. */
function tasks(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')
    return sum + Number(nanoseconds) / 1000
  }, 0)
}

const children = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
