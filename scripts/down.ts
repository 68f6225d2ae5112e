import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { execa } from 'execa'
import { readSettings } from '../server/settings.ts'
import { installed, socketPattern, unitPattern } from './installed.ts'
import { layout } from './layout.ts'
import { mysqlContainer } from './mysql-image.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'
import { stopPart } from './stop-part.ts'

await runEntry(async () => {
  const { home, dockerHost } = readSettings()
  const places = layout(home)
  say.step(`Stopping the instance in ${home}`)
  if (installed(home)) {
    await execa('systemctl', ['stop', unitPattern, socketPattern])
    return
  }
  // The server first: what it still has to write goes to the others.
  await stop('server')
  await Promise.all((['router', 'haproxy', 'redis', 'mysql', 'rotate'] as const).map(stop))
  await endMysqlContainer()
  await openGate()
  say.detail('Apps and the Docker Engine go on')

  /** One whose starter had been killed. */
  async function endMysqlContainer(): Promise<void> {
    if (!existsSync(places.mysqlImageData)) return
    const docker = execa({ env: { DOCKER_HOST: dockerHost }, reject: false })
    await docker('docker', ['stop', '--time', '30', mysqlContainer({ home })])
    await docker('docker', ['rm', '--force', mysqlContainer({ home })])
  }

  /** The server's nftables table guards a port that is free now. */
  async function openGate(): Promise<void> {
    const table = await readFile(places.mysqlTable, 'utf8').catch(() => undefined)
    if (table === undefined) return
    await execa({ reject: false })('nft', ['delete', 'table', ...table.trim().split(' ')])
    await rm(places.mysqlTable)
  }

  async function stop(name: Parameters<typeof stopPart>[0]): Promise<void> {
    say.detail(`${name.padEnd(8)} ${(await stopPart(name, places)) ? 'stopped' : 'did not run'}`)
  }
})
