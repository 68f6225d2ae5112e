import { maySee, visibleApps } from './access.ts'
import type { Command } from './command.ts'
import type { Parsed } from './command-line/flags.ts'
import { NoSuchAppError, UsageError } from './errors.ts'
import type { Session } from './ssh/session.ts'
import type { App } from './state/apps.ts'
import type { User } from './state/people.ts'
import type { Store } from './state/store.ts'

export type Resolved = {
  readonly app: App | undefined
  readonly words: readonly string[]
  /** Which rule found it, for `--trace`. */
  readonly rule: string
}

const genericUsers: ReadonlySet<string> = new Set(['git', 'paas'])

/**
 * Which app a command means: --app, a first positional that is an app, the SSH user name, PAAS_APP, whose a
 * word's deploy is, the key's default, the only app one may use. Never guesses: throws `NoSuchAppError`, or `UsageError` that lists the apps.
 */
export function resolveApp(
  store: Store,
  user: User,
  session: Session,
  command: Command,
  parsed: Parsed,
): Resolved {
  const { words, flags } = parsed
  if (command.app === 'none') return { app: undefined, words, rule: 'the command means no app' }
  const find = (name: string | undefined): App | undefined => findVisible(store, user, name)
  const named = (name: string, rule: string): Resolved => {
    const app = find(name)
    if (!app) throw new NoSuchAppError(name)
    return { app, words, rule }
  }

  const option = flags.value('app')
  if (option !== undefined) return named(option, '--app')
  const place = command.appPlace === 'second' ? 1 : 0
  const atPlace = parsed.mayNameApp ? find(words[place]) : undefined
  if (atPlace) {
    const rule = `the ${command.appPlace ?? 'first'} word is an app`
    return { app: atPlace, words: words.toSpliced(place, 1), rule }
  }
  if (isMistypedApp(command, words)) throw new NoSuchAppError(words[place] ?? '')
  if (!genericUsers.has(session.sshUser)) {
    const app = find(session.sshUser)
    if (app) return { app, words, rule: 'the SSH user name' }
  }
  if (session.environment.PAAS_APP) return named(session.environment.PAAS_APP, 'PAAS_APP')
  const byWord = words[place] === undefined ? undefined : command.appOf?.(store, words[place])
  const owner = appOfId(store, user, byWord)
  if (owner) return { app: owner, words, rule: `${words[place]} is of this app` }
  const byKey = store.people.key(session.person.fingerprint)?.defaultApp
  const preferred = appOfId(store, user, byKey ?? undefined)
  if (preferred) return { app: preferred, words, rule: 'apps:use' }
  const apps = visibleApps(store, user)
  if (apps.length === 1 && apps[0]) return { app: apps[0], words, rule: 'it is the only app' }
  if (command.app === 'optional') return { app: undefined, words, rule: 'none was named' }
  throw new UsageError('Which app?', {
    next: [
      apps.length === 0
        ? 'You have none yet: apps:create NAME, or git push paas:NAME main'
        : `Yours: ${apps.map((app) => app.name).join(', ')}`,
      'Name it: COMMAND --app NAME, or as the first word: COMMAND NAME ...',
    ].join('\n'),
  })
}

/** The app of this name, where it exists for this person. */
export function findVisible(store: Store, user: User, name: string | undefined): App | undefined {
  const app = name === undefined ? undefined : store.apps.find(name)
  return app && maySee(store, user, app) ? app : undefined
}

function appOfId(store: Store, user: User, id: string | undefined): App | undefined {
  return id !== undefined && store.apps.exists(id)
    ? findVisible(store, user, store.apps.byId(id).name)
    : undefined
}

/** A word in the app's place that cannot be the command's argument but could be an app's name. */
function isMistypedApp(command: Command, words: readonly string[]): boolean {
  if (command.appPlace === 'second') return words.length > 1
  const [first] = words
  if (first === undefined || command.verbatim || !/^[a-z0-9][a-z0-9-]{0,30}$/.test(first)) return false
  const declared = command.arguments ?? []
  const argument = declared[0]
  if (argument === undefined) return true
  // One word more than the command takes: the first can only have been meant as an app.
  if (words.length > declared.length && !declared.at(-1)?.repeats) return true
  const couldBeAlone = argument.required === true && words.length === 1
  return argument.looks !== undefined && !argument.looks(first) && !couldBeAlone
}
