import { type Command, changesNothing, type Flag } from '../command.ts'
import { flagsOf } from '../command-line/flags.ts'

/** Of the options that every command takes those that mean something to a program. */
const forPrograms: ReadonlySet<string> = new Set(['force', 'plan'])
const forPeople: ReadonlySet<string> = new Set(['app', 'json', 'format', 'quiet', 'help', 'version', 'trace'])

/** The options that a command takes by the API, by long name; which app is meant is said beside them. */
export function apiFlags(command: Command): Readonly<Record<string, Flag>> {
  const own = new Set(Object.keys(command.flags ?? {}))
  return Object.fromEntries(
    Object.entries(flagsOf(command)).filter(([name]) => {
      if (name === 'app') return false
      if (own.has(name)) return true
      return !forPeople.has(name) && !(forPrograms.has(name) && changesNothing(command))
    }),
  )
}

/** Whether the API takes an app for it: it means one, or has an option that names one. */
export const takesApp = (command: Command): boolean =>
  command.app !== 'none' || Object.hasOwn(command.flags ?? {}, 'app')
