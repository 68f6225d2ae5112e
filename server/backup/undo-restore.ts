import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { Store } from '../state/store.ts'
import { begunMark, stagingFolder } from './contents.ts'

const retryMs = 2_000

/** Removes everything that a restore which did not come to its end has made; safe to repeat. */
export async function undoRestore(paas: Paas): Promise<void> {
  const staging = stagingFolder(paas.settings.home)
  if (existsSync(join(staging, begunMark))) await removeMade(paas, staging)
  await rm(staging, { recursive: true, force: true })
}

/** As long as it takes Docker and the databases' server to answer, behind the start of a server that was killed in a restore. */
export async function undoLeftRestore(paas: Paas): Promise<void> {
  for (let told = ''; existsSync(stagingFolder(paas.settings.home)); ) {
    try {
      await undoRestore(paas)
      paas.log('What a restore had left is removed')
    } catch (error) {
      if (describe(error) !== told) paas.log(`What a restore has left is removed later: ${describe(error)}`)
      told = describe(error)
      await wait(retryMs, undefined, { signal: paas.closing })
    }
  }
}

/** It was seen before that nothing of that server was here. */
async function removeMade({ engine, provisioning }: Paas, staging: string): Promise<void> {
  const store = new Store(staging)
  try {
    for (const service of store.services.ready()) {
      const kind = provisioning.kind(service.kind)
      for (const link of store.links.to(service.id)) await kind.revoke(link)
      const exposure = store.exposures.of(service.id)
      if (exposure) await kind.conceal(exposure)
      await kind.destroy(service)
    }
    const labels = { 'paas.instance': store.instanceId }
    for (const container of await engine.containers.list({ labels, all: true }))
      await engine.containers.remove(container.name, { force: true })
    for (const volume of await engine.volumes.list({ labels })) await engine.volumes.remove(volume.name)
    for (const image of await engine.images.list({ labels }))
      await engine.images.remove(image.id, { force: true })
  } finally {
    store.close()
  }
}
