import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestInstance } from './instance.ts'

export type Event = {
  readonly type: string
  readonly at: string
  readonly app?: { readonly name: string }
  readonly message: string
}

/** All that the instance has recorded, in its order. */
export function eventsOf(paas: TestInstance): readonly Event[] {
  const folder = join(paas.home, 'events')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event)
}
