import { readFile } from 'node:fs/promises'
import { parseEpoch } from './contract.ts'
import { replaceFile } from './replace-file.ts'
import { emptyTable, isTrusted, parseAppRoute, type Table } from './table.ts'

/** Keeps `table` in the file at `path`. */
export async function writeSnapshot(path: string, table: Table): Promise<void> {
  const { epoch, hosts, apps, foreign } = table
  if (!epoch) return
  const text = JSON.stringify({
    epoch: `${epoch.boot}:${epoch.generation}`,
    hosts: [...hosts],
    apps: [...apps].map(([id, route]) => [id, JSON.stringify(route)]),
    foreign: [...foreign],
  })
  await replaceFile(path, text)
}

/** The table in the file at `path`; empty where there is none, or none of this boot. */
export async function readSnapshot(path: string, boot: string): Promise<Table> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  const value: {
    epoch?: string
    hosts: [string, string][]
    apps: [string, string][]
    foreign: [string, string[]][]
  } = JSON.parse(text)
  const epoch = parseEpoch(value.epoch ?? null)
  if (!isTrusted(epoch, undefined, boot)) return emptyTable
  return {
    epoch,
    hosts: new Map(value.hosts),
    apps: new Map(value.apps.map(([id, route]) => [id, parseAppRoute(route)])),
    foreign: new Map(value.foreign),
  }
}
