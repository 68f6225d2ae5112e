import type { Paas } from '../paas.ts'
import type { Session } from '../ssh/session.ts'
import type { Deed } from './events.ts'

/** One use of a command, as the audit wants it. */
export type Use = {
  readonly paas: Paas
  readonly session: Session
  /** The command's words, without anything that may be secret. */
  readonly what: string
  readonly app: Deed['app']
}

/** Who does it, with which key or token and from where. */
export function deedOf({ paas, session, what, app }: Use): Deed {
  const { name, fingerprint } = session.person
  const token = paas.store.tokens.find(fingerprint)
  const comment = paas.store.people.key(fingerprint)?.publicLine.split(/\s+/).slice(2).join(' ')
  const key = token ? `token ${token.name}` : comment || 'unnamed'
  return { who: name, key, fingerprint, address: session.address, what, app }
}
