import { posix } from 'node:path'
import type { Image } from '../docker/images.ts'
import type { Paas } from '../paas.ts'
import { type RunFiles, readRunFiles } from '../source/run-files.ts'
import type { App } from '../state/apps.ts'
import { randomName } from '../state/identifiers.ts'

const maxBytes = 256 * 1024

/** Procfile, app.json and CHECKS in an image's working directory. Nothing of the image runs for it. */
export async function imageFiles(
  paas: Paas,
  app: App,
  image: Pick<Image, 'id' | 'workingDir'>,
  signal: AbortSignal,
): Promise<RunFiles> {
  const { containers } = paas.engine
  const name = `paas-${app.id}-look-${randomName(6)}`
  await containers.create(
    {
      name,
      image: image.id,
      // Without one the engine makes no container; it is never started.
      entrypoint: [''],
      command: ['true'],
      environment: {},
      labels: { 'paas.instance': paas.store.instanceId, 'paas.app': app.name, 'paas.app-id': app.id },
      network: { none: true },
      limits: { memoryBytes: 16 * 1024 * 1024, cpus: 1, pids: 1 },
    },
    { signal },
  )
  try {
    return await readRunFiles(async (path) => {
      const file = await containers.readFile(name, posix.join(image.workingDir, path), { maxBytes, signal })
      return file?.toString().replace(/^\ufeff/, '')
    })
  } finally {
    await containers.remove(name, { force: true })
  }
}
