import type { Store } from './state/store.ts'

/** The config vars whose values are kept out of what we print; in URLs their passwords are as well. */
const secretName =
  /SECRET|TOKEN|PASS(W|PHRASE|$)|(^|_)(API_?)?KEYS?($|_)|PRIVATE|CREDENTIAL|AUTH|SALT|COOKIE|DSN/i
/** What is shorter stands in too many lines by chance. */
const shortest = 6
const dots = '••••••••'

/**
 * What apps must not tell by accident: in whatever an app, a task or a build prints and we show or keep, the values
 * of its secret config vars are dots. Values that a container has had stay secret until the server starts anew, also
 * where the app has others by now.
 */
export class Secrets {
  readonly #store: Pick<Store, 'apps' | 'config' | 'releases'>
  /** By app id: the longest first. */
  readonly #known = new Map<string, readonly string[]>()

  constructor(store: Pick<Store, 'apps' | 'config' | 'releases'>) {
    this.#store = store
  }

  /** A container or a build of the app gets this environment. */
  remember(appId: string, environment: Readonly<Record<string, string>>): void {
    const known = this.#of(appId)
    const more = secretsIn(environment).filter((secret) => !known.includes(secret))
    if (more.length > 0)
      this.#known.set(
        appId,
        [...known, ...more].sort((one, other) => other.length - one.length),
      )
  }

  /** `text`, which the app has printed, with dots in place of each of its secrets. */
  hide(appId: string, text: string): string {
    return this.#of(appId).reduce(
      (hidden, secret) => (hidden.includes(secret) ? hidden.replaceAll(secret, dots) : hidden),
      text,
    )
  }

  #of(appId: string): readonly string[] {
    const known = this.#known.get(appId)
    if (known) return known
    this.#known.set(appId, [])
    if (!this.#store.apps.exists(appId)) return []
    const { release } = this.#store.apps.byId(appId)
    this.remember(appId, this.#store.config.of(appId))
    if (release !== null) this.remember(appId, this.#store.releases.find(appId, release)?.config ?? {})
    return this.#known.get(appId) ?? []
  }
}

function secretsIn(environment: Readonly<Record<string, string>>): readonly string[] {
  const found = Object.entries(environment).flatMap(([name, value]) => [
    // A key of several lines is printed line by line.
    ...(secretName.test(name) ? [value, ...value.split('\n')] : []),
    ...passwordsIn(value),
  ])
  return [...new Set(found.map((each) => each.trim()))].filter((each) => each.length >= shortest)
}

function passwordsIn(value: string): readonly string[] {
  const written = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s:]*:([^/@\s]+)@/i.exec(value)?.[1]
  return written === undefined ? [] : [written, decoded(written)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
