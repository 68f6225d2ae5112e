import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Buildpack } from './buildpack.ts'

const folder = join(import.meta.dirname, '..', '..', 'buildpacks')

/** Every buildpack that is there, by the name of its folder, in the order in which they are asked. */
export async function loadBuildpacks(): Promise<ReadonlyMap<string, Buildpack>> {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name, 'buildpack.ts'))
    .filter((file) => existsSync(file))
  const found = await Promise.all(
    files.map(async (file): Promise<[string, Buildpack]> => {
      const module = (await import(file)) as { default: Buildpack }
      return [basename(dirname(file)), module.default]
    }),
  )
  return new Map(found.sort(([, a], [, b]) => a.order - b.order))
}
