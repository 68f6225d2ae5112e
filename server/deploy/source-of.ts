import { UserError } from '../errors.ts'
import { treeOf } from '../git/commits.ts'
import { checkTree } from '../git/tree.ts'
import type { Paas } from '../paas.ts'
import { readSource, type Source } from '../source/source.ts'
import type { App } from '../state/apps.ts'
import { textsIn } from '../state/config.ts'
import { mergedConfig } from './merged-config.ts'
import { repositoryOf } from './repository.ts'

/** How a commit of the app is built and run, by today's config. Throws `UserError` where it cannot be. */
export async function sourceOf(paas: Paas, app: App, commit: string, signal: AbortSignal): Promise<Source> {
  const repository = repositoryOf(paas, app)
  const tree = await treeToBuild(repository, commit, app)
  const { files } = await checkTree(repository, tree, signal)
  return await readSource({
    repository,
    tree,
    files,
    builder: app.builder,
    settings: {
      config: textsIn(mergedConfig(paas, app.id)),
      cacheKey: app.id,
      npmRegistry: paas.settings.npmRegistry,
      imageRegistry: paas.settings.imageRegistry,
      signal,
    },
  })
}

async function treeToBuild(repository: string, commit: string, app: App): Promise<string> {
  const folder = app.builder.buildDir
  if (folder === null) return commit
  const tree = await treeOf(repository, commit, folder)
  if (tree !== undefined) return tree
  throw new UserError(`The commit has no folder "${folder}", which builder:set says to build`, {
    next: `builder:set ${app.name} build-dir FOLDER (without a folder: the root), then push again`,
  })
}
