import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, UnavailableError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Cause, Finding, Scene } from './cause.ts'

/** What was found, the most important first. */
export type Diagnosis = {
  readonly findings: readonly (Finding & { readonly cause: string })[]
  /** What could not be looked at, and why. */
  readonly unseen: readonly { readonly cause: string; readonly looksAt: string; readonly why: string }[]
  readonly lookedAt: readonly string[]
}

/** All of them together: also with Docker or Redis hanging, whoever asks is answered within 3 s. */
const lookMs = 2_500

const folder = join(import.meta.dirname, 'causes')

/** Looks at every cause in `causes/`, at once, within 2.5 s. */
export async function look(paas: Paas, app: App): Promise<Diagnosis> {
  const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
  const signal = AbortSignal.timeout(lookMs)
  const scene: Scene = { paas, app, release, live: paas.store.containers.of(app.id, 'live'), signal }
  const causes = await loadCauses()
  const looked = await Promise.all(
    causes.map(async ({ name, cause }) => {
      try {
        const found = await Promise.race([cause.look(scene), timeOver(signal)])
        return { name, cause, findings: found.map((finding) => ({ cause: name, ...finding })) }
      } catch (error) {
        if (!(error instanceof UnavailableError) && !signal.aborted)
          paas.log(`why, ${name}: ${String(error)}`)
        return { name, cause, findings: [], why: signal.aborted ? tooLate : describe(error) }
      }
    }),
  )
  return {
    findings: looked.flatMap(({ findings }) => findings),
    unseen: looked.flatMap(({ name, cause, why }) =>
      why === undefined ? [] : [{ cause: name, looksAt: cause.looksAt, why }],
    ),
    lookedAt: looked.filter(({ why }) => why === undefined).map(({ cause }) => cause.looksAt),
  }
}

const tooLate = `no answer within ${lookMs / 1000} s`

async function loadCauses(): Promise<readonly { name: string; cause: Cause }[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'))
  const causes = await Promise.all(
    files.map(async (file) => {
      const { default: cause } = (await import(join(folder, file))) as { default: Cause }
      return { name: file.replace(/\.ts$/, ''), cause }
    }),
  )
  return causes.sort((one, other) => one.cause.order - other.cause.order)
}

function timeOver(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
