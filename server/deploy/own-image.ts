import { Readable } from 'node:stream'
import { buildContext } from '../build/context.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { buildAppImage } from './build-app-image.ts'
import type { Deploy } from './deploy.ts'
import { imageTag } from './release.ts'

/**
 * The same layers as image `id` has, as an image of the deploy's app: whatever becomes of the other leaves it alone,
 * and it is kept and removed with the app's releases. Returns its id.
 */
export async function ownImage(deploy: Deploy, id: string): Promise<string> {
  const { paas, app } = deploy
  await using held = await hold(paas, app, id)
  const emptyArchive = Readable.from([Buffer.alloc(1024)])
  return await buildAppImage(deploy, {
    context: buildContext({
      archive: emptyArchive,
      add: [{ path: 'Dockerfile', content: `FROM ${held.name}\n` }],
    }),
    dockerfile: 'Dockerfile',
    buildArgs: {},
    onLine: () => {},
  })
}

/** BuildKit finds local images by name alone; this one nobody else moves or removes. */
async function hold(paas: Paas, app: App, id: string): Promise<AsyncDisposable & { readonly name: string }> {
  const name = imageTag(paas, app)
  await paas.engine.images.tag(id, name)
  return { name, [Symbol.asyncDispose]: () => paas.engine.images.remove(name) }
}
