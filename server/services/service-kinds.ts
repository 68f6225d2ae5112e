import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KindModule, KindOptions, ServiceKind } from './service-kind.ts'

/** Every kind of data service that is there, by the name of its folder. */
export async function loadServiceKinds(options: KindOptions): Promise<ReadonlyMap<string, ServiceKind>> {
  const names = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => existsSync(join(import.meta.dirname, name, 'kind.ts')))
    .sort()
  const kinds = new Map<string, ServiceKind>()
  for (const name of names) {
    const module = (await import(join(import.meta.dirname, name, 'kind.ts'))) as KindModule
    kinds.set(name, module.open(options))
  }
  return kinds
}
