import type { Paas } from '../paas.ts'
import type { Container } from '../state/containers.ts'
import { limitsOf } from '../state/resources.ts'

/** What to type where a process has run out of memory: twice its limit. */
export function moreMemory(paas: Paas, { appId, process }: Pick<Container, 'appId' | 'process'>): string {
  const { memoryBytes } = limitsOf(paas.store.resources.of(appId), process)
  const { name } = paas.store.apps.byId(appId)
  return `resource:limit ${name} --process-type ${process} --memory ${Math.round(memoryBytes / 1024 ** 2) * 2}m`
}
