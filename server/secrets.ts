import type { ConfigVars } from './state/config.ts'
import { contentOf } from './state/config-file.ts'
import type { Store } from './state/store.ts'

/** The config vars whose values are kept out of what we print; in URLs their passwords are as well. */
const secretName =
  /SECRET|TOKEN|PASS(W|PHRASE|$)|(^|_)(API_?)?KEYS?($|_)|PRIVATE|CREDENTIAL|AUTH|SALT|COOKIE|DSN/i
/** What is shorter stands in too many lines by chance. */
const shortest = 6
/** A file has lines that are none: in each of an app's they would be looked for. */
const shortestLine = 16
const mostLines = 256
const dots = '••••••••'

/**
 * What apps must not tell by accident: in whatever an app, a task or a build prints and we show or keep, the values
 * of its secret config vars, and the lines of its config files, are dots. Values that a container has had stay secret until the server starts anew, also
 * where the app has others by now.
 */
export class Secrets {
  readonly #store: Pick<Store, 'apps' | 'config' | 'releases'>
  /** By app id: the longest first. */
  readonly #known = new Map<string, readonly string[]>()

  constructor(store: Pick<Store, 'apps' | 'config' | 'releases'>) {
    this.#store = store
  }

  /** A container or a build of the app gets these. */
  remember(appId: string, environment: ConfigVars): void {
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

function secretsIn(environment: ConfigVars): readonly string[] {
  const found = Object.entries(environment).flatMap(([name, value]) => {
    if (typeof value !== 'string') return secretsInFile(contentOf(value).toString('utf8'))
    return [
      // A key of several lines is printed line by line.
      ...(secretName.test(name) ? [value, ...value.split('\n')] : []),
      ...passwordsIn(value),
    ]
  })
  return [...new Set(found.map((each) => each.trim()))].filter((each) => each.length >= shortest)
}

/** The lines of a file, and where it is JSON the lines of its strings, so far as they are long enough to be a secret. */
function secretsInFile(text: string): readonly string[] {
  return [text, ...stringsIn(text)]
    .flatMap((each) => each.split('\n'))
    .filter((line) => line.trim().length >= shortestLine)
    .slice(0, mostLines)
}

function stringsIn(text: string): readonly string[] {
  const strings: string[] = []
  try {
    JSON.parse(text, (_key, value: unknown) => {
      if (typeof value === 'string') strings.push(value)
      return value
    })
  } catch {
    return []
  }
  return strings
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
