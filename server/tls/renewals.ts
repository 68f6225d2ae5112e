import { Locks } from '../deploy/locks.ts'
import { describe } from '../errors.ts'
import { type CertificateFacts, covers } from './certificate-facts.ts'

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs

/**
 * Whether it is time for another certificate: there is none, a host has come, or it ends within 30 days, or within the
 * last third of its life where that is shorter.
 */
export function isDue(facts: CertificateFacts | undefined, hosts: readonly string[], now: number): boolean {
  if (!facts || hosts.some((host) => !covers(facts.names, host))) return true
  const life = facts.notAfter.getTime() - facts.notBefore.getTime()
  return facts.notAfter.getTime() - now < Math.min(30 * dayMs, life / 3)
}

export type RenewalFailure = {
  readonly message: string
  /** When it is tried again. */
  readonly nextAt: number
}

/** What went wrong with automatic certificates, and when each is tried again. */
export class Renewals {
  /** One order an app at a time. */
  readonly turns = new Locks()
  readonly #failures = new Map<string, RenewalFailure & { count: number; hosts: string }>()

  /** undefined: the last time went well, or other domains were asked for then. */
  failureOf(appId: string, hosts: readonly string[]): RenewalFailure | undefined {
    const failure = this.#failures.get(appId)
    return failure?.hosts === hosts.join() ? failure : undefined
  }

  /** An hour later, then two, four, up to a day: authorities refuse whoever asks in vain too often. */
  failed(appId: string, hosts: readonly string[], error: unknown): void {
    const count = this.failureOf(appId, hosts) ? (this.#failures.get(appId)?.count ?? 0) + 1 : 1
    const nextAt = Date.now() + Math.min(hourMs * 2 ** (count - 1), dayMs)
    this.#failures.set(appId, { message: describe(error), nextAt, count, hosts: hosts.join() })
  }

  succeeded(appId: string): void {
    this.#failures.delete(appId)
  }
}
