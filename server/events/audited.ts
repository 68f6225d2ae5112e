import { describe, NotAllowedError, PaasError } from '../errors.ts'
import { deedOf, type Use } from './deed-of.ts'
import type { Deed } from './events.ts'

export type AuditedUse = Use & {
  /** It is done although the audit cannot be written. */
  readonly mayGoUnwritten?: boolean
}

/**
 * Writes down who is about to do what, runs `work`, and writes down how it ended. Throws `UnavailableError`, and runs
 * nothing, where the first does not last.
 */
export async function audited(use: AuditedUse, work: () => Promise<number>): Promise<number> {
  const { paas } = use
  const deed = deedOf(use)
  const begun = begin(use, deed)
  if (begun === undefined) return work()
  try {
    const code = await work()
    paas.events.end(begun, deed, { exitCode: code })
    return code
  } catch (error) {
    const { exitCode } = error instanceof PaasError ? error : new PaasError('Internal error')
    paas.events.end(begun, deed, { exitCode, refused: error instanceof NotAllowedError })
    throw error
  }
}

function begin({ paas, mayGoUnwritten }: AuditedUse, deed: Deed): number | undefined {
  try {
    return paas.events.begin(deed)
  } catch (error) {
    if (!mayGoUnwritten) throw error
    paas.log(`Not in the audit (${describe(error)}): ${deed.who}: ${deed.what}`)
    return undefined
  }
}
