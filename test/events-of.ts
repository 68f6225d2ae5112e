import { existsSync, readFileSync } from 'node:fs'
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
  const file = join(paas.home, 'events.jsonl')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event)
}
