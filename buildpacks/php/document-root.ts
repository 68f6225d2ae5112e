import type { BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'

/** Where an index.php makes a folder the document root; the first that has one. */
export const usualFolders = ['public/', 'web/', 'htdocs/', ''] as const

export type Folder = { readonly path: string; readonly note: string }

/**
 * The folder that Apache serves; undefined: the Procfile has a web process of its own, and nothing can be guessed.
 * Throws `UserError` where DOCUMENT_ROOT names none, or nothing says which it is.
 */
export function chooseFolder(
  tree: SourceTree,
  { config, procfile }: Pick<BuildSettings, 'config' | 'procfile'>,
): Folder | undefined {
  const asked = folderAsked(config)
  if (asked !== undefined) {
    if (isFolder(tree, asked)) return { path: '', note: `Document root: ${asked || '.'} (DOCUMENT_ROOT)` }
    throw new UserError(
      `There is no folder ${JSON.stringify(asked.slice(0, 100))}, which DOCUMENT_ROOT names`,
      { next: 'config:set --no-restart DOCUMENT_ROOT=FOLDER, or config:unset --no-restart DOCUMENT_ROOT' },
    )
  }
  const guessed = usualFolders.find((folder) => tree.files.has(`${folder}index.php`))
  if (guessed !== undefined) {
    const note = `Document root: ${guessed || '.'} (guessed; to choose: config:set DOCUMENT_ROOT=FOLDER)`
    return { path: guessed.replace(/\/$/, ''), note }
  }
  if (Object.keys(procfile ?? {}).some((process) => process !== 'release')) return undefined
  throw new UserError(
    `There is no index.php in ${usualFolders.map((folder) => folder || 'the root').join(', ')}: nothing says what to serve`,
    {
      next: [
        'Where it is in another folder: config:set --no-restart DOCUMENT_ROOT=FOLDER, then push again',
        'Where there is no page: a Procfile with a line such as   worker: php work.php',
      ].join('\n'),
    },
  )
}

/** What DOCUMENT_ROOT names, without slashes at its ends; undefined: it is not set. */
export const folderAsked = (config: BuildSettings['config']): string | undefined =>
  config.DOCUMENT_ROOT?.replace(/^(\.?\/)+|\/+$/g, '')

const isFolder = ({ files }: SourceTree, folder: string): boolean =>
  folder === '' || [...files.keys()].some((path) => path.startsWith(`${folder}/`))
