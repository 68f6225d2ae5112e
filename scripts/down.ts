import { readSettings } from '../server/settings.ts'
import { layout } from './layout.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'
import { stopPart } from './stop-part.ts'

await runEntry(async () => {
  const { home } = readSettings()
  const places = layout(home)
  say.step(`Stopping the instance in ${home}`)
  // The server first: what it still has to write goes to the others.
  await stop('server')
  await Promise.all((['router', 'haproxy', 'redis', 'mysql', 'rotate'] as const).map(stop))
  say.detail('Apps and the Docker Engine go on')

  async function stop(name: Parameters<typeof stopPart>[0]): Promise<void> {
    say.detail(`${name.padEnd(8)} ${(await stopPart(name, places)) ? 'stopped' : 'did not run'}`)
  }
})
