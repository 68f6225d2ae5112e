import { describe, PaasError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Session } from '../ssh/session.ts'
import type { Deed } from './events.ts'

export type AuditedUse = {
  readonly paas: Paas
  readonly session: Session
  /** The command's words, without anything that may be secret. */
  readonly what: string
  readonly app: Deed['app']
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
    paas.events.end(begun, deed, code)
    return code
  } catch (error) {
    const known = error instanceof PaasError ? error : new PaasError('Internal error')
    paas.events.end(begun, deed, known.exitCode)
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

function deedOf({ paas, session, what, app }: AuditedUse): Deed {
  const { name, fingerprint } = session.person
  const comment = paas.store.people.key(fingerprint)?.publicLine.split(/\s+/).slice(2).join(' ')
  return { who: name, key: comment || 'unnamed', fingerprint, address: session.address, what, app }
}
