import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Buildpack } from './buildpack.ts'

const folder = join(import.meta.dirname, '..', '..', 'buildpacks')

/** Every buildpack that is there, in the order in which they are asked. */
export async function loadBuildpacks(): Promise<readonly Buildpack[]> {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name, 'buildpack.ts'))
    .filter((file) => existsSync(file))
  const modules = await Promise.all(files.map((file) => import(file) as Promise<{ default: Buildpack }>))
  return modules.map((module) => module.default).sort((a, b) => a.order - b.order)
}
