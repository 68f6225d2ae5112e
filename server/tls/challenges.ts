import type { AppRoute } from '../../router/contract.ts'

/** What certificate authorities are to read at the domains of apps while they are asked: gone with this process. */
export class Challenges {
  readonly #ofApps = new Map<string, Map<string, string>>()

  add(appId: string, token: string, answer: string): void {
    const answers = this.#ofApps.get(appId) ?? new Map<string, string>()
    this.#ofApps.set(appId, answers.set(token, answer))
  }

  /** Whether there were any. */
  clear(appId: string): boolean {
    return this.#ofApps.delete(appId)
  }

  routeOf(appId: string): Pick<AppRoute, 'challenges'> {
    const answers = this.#ofApps.get(appId)
    return answers ? { challenges: Object.fromEntries(answers) } : {}
  }
}
