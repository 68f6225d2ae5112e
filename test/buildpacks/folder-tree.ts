import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { BuildSettings, SourceTree } from '../../server/build/buildpack.ts'

/** A folder of this checkout as a pushed tree. */
export function folderTree(folder: string): SourceTree {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  return treeOf(Object.fromEntries(paths.map((path) => [path, statSync(join(folder, path)).size])), (path) =>
    readFileSync(join(folder, path), 'utf8'),
  )
}

/** A pushed tree of these contents. */
export function textTree(contents: Readonly<Record<string, string>>): SourceTree {
  const sizes = Object.entries(contents).map(([path, content]) => [path, content.length])
  return treeOf(Object.fromEntries(sizes), (path) => contents[path] ?? '')
}

function treeOf(sizes: Readonly<Record<string, number>>, content: (path: string) => string): SourceTree {
  const files = new Map(Object.entries(sizes))
  const read = async (path: string): Promise<string | undefined> =>
    files.has(path) ? content(path) : undefined
  return { files, read, readStart: async (path) => (await read(path))?.slice(0, 4096) }
}

/** What a plan depends on beside the tree, with nothing set. */
export const plainSettings: BuildSettings = {
  config: {},
  procfile: undefined,
  cacheKey: 'abcdefghij',
  npmRegistry: 'https://registry.npmjs.org/',
  // Nothing answers there.
  imageRegistry: '127.0.0.1:9',
  signal: AbortSignal.timeout(600_000),
}
