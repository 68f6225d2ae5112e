import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { ensureLinkNetworks, linkNetworkName } from '../../server/deploy/link-network.ts'
import { Engine } from '../../server/docker/engine.ts'
import { Store } from '../../server/state/store.ts'

test.each([
  ['a link that stays has its network', false],
  ['a link that goes meanwhile leaves no network', true],
])('%s', async (_, goes) => {
  const folder = mkdtempSync(join(tmpdir(), 'paas-links-'))
  const store = new Store(folder)
  const [app, target] = [store.apps.create('shop'), store.apps.create('api')]
  const { id } = store.appLinks.add({ appId: app.id, targetId: target.id, alias: 'API' })
  const name = linkNetworkName(id)
  try {
    await ensureLinkNetworks(
      {
        engine: new Engine({ dockerHost: 'unix:///var/run/docker.sock' }),
        store,
        // Just before the network is made.
        walls: { raise: async () => (goes ? store.appLinks.delete(id) : undefined) },
      },
      app.id,
    )
    const { stdout } = await execa('docker', ['network', 'ls', '-q', '--filter', `name=${name}`])
    expect(stdout === '').toBe(goes)
  } finally {
    store.close()
    await execa('docker', ['network', 'rm', name], { reject: false })
    rmSync(folder, { recursive: true, force: true })
  }
})
