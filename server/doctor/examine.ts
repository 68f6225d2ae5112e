import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PaasError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Need, Seen } from './need.ts'

export type Examined = { readonly title: string } & Seen

const lookMs = 5_000
const folder = join(import.meta.dirname, 'needs')

/** Looks at every need in `needs/`, at once; whoever asks is answered within 5 s. */
export async function examine(paas: Paas): Promise<readonly Examined[]> {
  const needs = await loadNeeds()
  return await Promise.all(
    needs.map(async (need) => {
      const signal = AbortSignal.timeout(lookMs)
      try {
        return { title: need.title, ...(await Promise.race([need.look(paas, signal), timeOver(signal)])) }
      } catch (error) {
        return { title: need.title, holds: false, ...failure(paas, need, error, signal) }
      }
    }),
  )
}

function failure(paas: Paas, { title }: Need, error: unknown, signal: AbortSignal): Omit<Seen, 'holds'> {
  if (signal.aborted)
    return { saw: `no answer within ${lookMs / 1000} s`, next: 'On the server: make status, then make logs' }
  if (error instanceof PaasError)
    return { saw: error.message, next: error.next ?? 'On the server: make status, then make up' }
  paas.log(`doctor, ${title}: ${error instanceof Error ? error.stack : String(error)}`)
  return { saw: String(error), next: "The server's log says more: make logs" }
}

async function loadNeeds(): Promise<readonly Need[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'))
  const needs = await Promise.all(
    files.map(async (file) => ((await import(join(folder, file))) as { default: Need }).default),
  )
  return needs.sort((one, other) => one.order - other.order)
}

function timeOver(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
