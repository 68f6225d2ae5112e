import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { Layout } from './layout.ts'
import type { Part } from './parts.ts'

/** What a part is started as: its command, its settings, and the code where that is ours. */
export type Start = {
  readonly part: Part
  readonly places: Layout
  /** Of server and router, as `fillCompileCache` names it. */
  readonly code: string
}

/** Whether the part was last started as it would be now. */
export async function isAsStarted(start: Start): Promise<boolean> {
  const recorded = await readFile(recordOf(start), 'utf8').catch(() => '')
  return recorded === fingerprint(start)
}

export async function recordStart(start: Start): Promise<void> {
  await writeFile(recordOf(start), fingerprint(start), { mode: 0o600 })
}

const recordOf = ({ part, places }: Start): string => places.commandFile(part.name)

function fingerprint({ part, code }: Start): string {
  const { name, prefix, command, folder, environment, holds } = part
  const isOurs = name === 'server' || name === 'router'
  return createHash('sha256')
    .update(JSON.stringify([prefix, command, folder, environment, holds, isOurs ? code : undefined]))
    .digest('hex')
}
