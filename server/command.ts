import type { Readable } from 'node:stream'
import type { Flags } from './command-line/flags.ts'
import type { Output } from './output.ts'
import type { Paas } from './paas.ts'
import type { Session } from './ssh/session.ts'
import type { App } from './state/apps.ts'
import type { User } from './state/people.ts'
import type { Store } from './state/store.ts'

/**
 * What one must be allowed to run a command: `anyone` with a key; `create` apps; `view`, `develop` (change) or
 * `own` (destroy, share) the app that it means; `admin` of the server.
 */
export type Right = 'anyone' | 'create' | 'view' | 'develop' | 'own' | 'admin'

export type Argument = {
  /** As help shows it: `KEY=VALUE` */
  readonly name: string
  readonly required?: boolean
  readonly repeats?: boolean
  /** Tells a word that can be this argument from a mistyped app name; default any word. */
  readonly looks?: (word: string) => boolean
  readonly audit?: Audit
}

/** What of a word the audit keeps: all of it, all of what can be a config var's name, or of KEY=VALUE the key. Undeclared nothing: it may be secret. */
export type Audit = 'whole' | 'name' | 'key'

export type Flag = {
  readonly summary: string
  /** One letter: `-n` */
  readonly short?: string
  /** The flag takes a value, shown in help by this name. */
  readonly value?: string
  /** What of its value the audit keeps. */
  readonly audit?: Audit
}

/** A command as data, found by its file's path: `commands/config/set.ts` is `config:set`, `index.ts` the topic itself. */
export type Command = {
  readonly summary: string
  readonly right: Right
  /** `required`: means an app, found by the rules of `resolveApp`; `optional`: may; `none`: never looks for one. */
  readonly app: 'none' | 'optional' | 'required'
  /** Where an app's name may stand among the words: `second` in `mysql:link SERVICE APP`; default `first`. */
  readonly appPlace?: 'first' | 'second'
  /** The id of the app that a word in the app's place belongs to, where nothing names one: deploy 17 is blog's. */
  readonly appOf?: (store: Store, word: string) => string | undefined
  readonly arguments?: readonly Argument[]
  readonly flags?: Readonly<Record<string, Flag>>
  readonly examples: readonly string[]
  readonly aliases?: readonly string[]
  /** All from the first word on that is neither option nor app is the argument, untouched. */
  readonly verbatim?: boolean
  /** Takes `--all`: runs once for each app (with `deployed` for those alone) to which the person has the right. */
  readonly all?: 'every' | 'deployed'
  /** Takes `--global`: then it means what all apps share, no app, and is for admins of the server. */
  readonly shared?: true
  /** It only shows: neither kept in the audit nor planned, as all that `view` allows. All else says what it changes. */
  readonly reads?: true
  /** Takes `--plan`: it calls `call.planned` once its words are parsed and checked, before it changes anything. */
  readonly plans?: true
  /** Frees what is full: done even where the audit cannot be written. */
  readonly frees?: true
  /** For who proved a key alone: an API token is refused, whatever its person may do. */
  readonly keyOnly?: true
  /** Kept out of `help`; still in `help --all`. */
  readonly hidden?: boolean
  /** Returns the exit code; nothing means 0. Errors of `errors.ts` become message and exit code. */
  readonly run: (call: Call) => Promise<number | undefined> | Promise<void>
}

/** One use of a command, its words parsed and its right checked. */
export type Call = {
  readonly paas: Paas
  readonly session: Omit<Session, 'stdin' | 'signal'>
  readonly user: User
  /** The app that is meant. Throws where the command declared none. */
  readonly app: App
  /** undefined where the command is `optional` and none was found. */
  readonly appIfAny: App | undefined
  readonly words: readonly string[]
  readonly flags: Flags
  readonly out: Output
  /** Whoever reads it gets Ctrl-C as a byte, where there is a terminal; else that aborts `signal`. */
  readonly stdin: Readable
  readonly signal: AbortSignal
  /**
   * With `--plan` the command ends here: what `tell` says is about to change is told, `undefined` lines left out, and
   * `facts` go with them into the JSON document. Without, it is not asked.
   */
  readonly planned: (
    tell: () => readonly (string | undefined)[],
    facts?: Readonly<Record<string, unknown>>,
  ) => void
  /** `who`, his `key`, `progress`, `signal` and app id, as every deploy wants them. */
  readonly job: {
    readonly appId: string
    readonly who: string
    readonly key: string
    readonly progress: Output
    readonly signal: AbortSignal
  }
}

/** Whether a command only shows what is there. */
export const changesNothing = ({ right, reads, plans }: Command): boolean =>
  reads === true || (right === 'view' && plans !== true)
