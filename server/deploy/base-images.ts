import { describe } from '../errors.ts'
import type { Variables } from '../state/config.ts'
import type { Deploy } from './deploy.ts'
import { findImage } from './find-image.ts'
import { pullImage } from './pull-image.ts'

/** What a Dockerfile says, and what fills its ARGs. */
export type BasesAsked = { readonly dockerfile: string; readonly config: Variables }

/**
 * Gets the images that a Dockerfile builds on and this server lacks from their registries. BuildKit gets them itself
 * only where a registry asks nobody who they are, and Docker's own asks everybody. One that cannot be had is said,
 * and left to the build. Throws `UserError` for one of our own base images: a registry's, of that name, would be a
 * stranger's.
 */
export async function provideBaseImages(deploy: Deploy, asked: BasesAsked): Promise<void> {
  const { paas, progress, signal } = deploy
  for (const name of basesIn(asked)) {
    if (await findImage(paas, name, signal)) continue
    const failure = await pullImage(deploy, name)
    if (failure !== undefined) progress.detail(describe(failure))
  }
}

/** Names of images in FROM and COPY --from; those of stages, and what cannot be told from here, left out. */
function basesIn({ dockerfile, config }: BasesAsked): ReadonlySet<string> {
  const lines = dockerfile.replace(/\\[ \t]*\r?\n/g, ' ').split('\n')
  const values = new Map<string, string>()
  const stages = new Set(['scratch'])
  const bases = new Set<string>()
  for (const line of lines) {
    const [, arg, given = ''] = /^\s*ARG\s+(\w+)(?:=("[^"]*"|\S*))?/i.exec(line) ?? []
    // Only what stands before the first FROM counts there.
    if (arg !== undefined && stages.size === 1 && bases.size === 0)
      values.set(arg, config[arg] ?? given.replaceAll('"', ''))
    const [, from, stage] = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line) ?? []
    const [, copied] = /^\s*COPY\s.*?--from=(\S+)/i.exec(line) ?? []
    const name = (from ?? copied)?.replace(
      /\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g,
      (whole, braced?: string, otherwise?: string, plain?: string) =>
        values.get(braced ?? plain ?? '') || (otherwise ?? whole),
    )
    if (name !== undefined && isImageName(name) && !stages.has(name.toLowerCase())) bases.add(name)
    if (stage !== undefined) stages.add(stage.toLowerCase())
  }
  return bases
}

/** A number is a stage's. */
const isImageName = (name: string): boolean => /^[a-z0-9][\w./:@-]*$/i.test(name) && !/^\d+$/.test(name)
