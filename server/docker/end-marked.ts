import { readdir, readFile } from 'node:fs/promises'

const mostRounds = 10

/**
 * Kills every process on this machine whose environment has `NAME=value...`, with the children that inherited it, until
 * there is none: the engine has no call that ends a command in a container. Where the engine is on another machine,
 * nothing is found here.
 */
export async function endMarked(mark: string): Promise<void> {
  // What is forking meanwhile is found in the next round.
  for (let round = 0; round < mostRounds; round++) {
    const found = await marked(mark)
    if (found.length === 0) return
    for (const pid of found) kill(pid)
  }
}

async function marked(mark: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const carries = await Promise.all(
    pids.filter((pid) => pid !== process.pid).map(async (pid) => ((await isMarked(pid, mark)) ? [pid] : [])),
  )
  return carries.flat()
}

/** One that has ended, or is another user's, is none. */
async function isMarked(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  return environment.split('\0').some((entry) => entry.startsWith(mark))
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
