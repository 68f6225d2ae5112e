import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Need } from '../need.ts'

const files = ['master.key', 'state.db', join('ssh', 'host_key')]

export default {
  order: 60,
  title: 'Secret files',
  async look({ settings: { home } }) {
    const found = await Promise.all(
      files.map(async (file) => ({ path: join(home, file), mode: await modeOf(join(home, file)) })),
    )
    const missing = found.find(({ mode }) => mode === undefined)
    if (missing)
      return {
        holds: false,
        saw: `${missing.path} is missing`,
        next: 'Bring it back from a backup of PAAS_HOME',
      }
    // Of a folder that nobody else may enter, a file's own mode does not matter.
    const closed = (((await modeOf(home)) ?? 0o777) & 0o077) === 0
    const open = found.find(({ mode = 0 }) => (mode & 0o077) !== 0)
    if (open && !closed)
      return {
        holds: false,
        saw: `${open.path} can be read by others (mode ${(open.mode ?? 0).toString(8)})`,
        next: `On the server: chmod 600 ${open.path}`,
      }
    return { holds: true, saw: `${files.join(', ')} are the server's alone` }
  },
} satisfies Need

/** undefined: it is not there. */
async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
