import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import type { Checks } from '../checks/check.ts'
import { UserError } from '../errors.ts'
import { parseConfigName } from '../state/config.ts'
import type { Formation } from '../state/releases.ts'
import { type CronEntry, readCron } from './cron-entries.ts'
import { readHealthchecks } from './healthchecks.ts'
import { isObject } from './is-object.ts'

/** What we read of app.json (https://devcenter.heroku.com/articles/app-json-schema). */
export type AppJson = {
  /** Process type -> quantity, for the first deploy. */
  readonly formation: Formation
  readonly addons: readonly Addon[]
  readonly healthchecks: Checks
  readonly env: Readonly<Record<string, EnvEntry>>
  readonly tasks: Tasks
  readonly cron: readonly CronEntry[]
}

/** Lines that a deploy runs once, each in a container of the new release. */
export type Tasks = {
  /** `scripts.dokku.predeploy` */
  readonly predeploy?: string
  /** `scripts.dokku.postdeploy` */
  readonly postdeploy?: string
  /** `scripts.postdeploy`: in the app's first deploy alone. */
  readonly firstPostdeploy?: string
}

/** A data service that the app wants: `jawsdb:kitefin`. */
export type Addon = { readonly plan: string; readonly alias: string | undefined }

/** A config var that the app wants to have. */
export type EnvEntry = {
  /** What it is set to where it is not set yet. */
  readonly value: string | undefined
  readonly description: string | undefined
  /** Without a value the push is refused. */
  readonly required: boolean
  /** A random value is made once. */
  readonly secret: boolean
}

/** Reads `text`, in which comments and trailing commas are tolerated. Throws `UserError` that says where it is wrong. */
export function parseAppJson(text: string): AppJson {
  const errors: ParseError[] = []
  const document: unknown = parse(text, errors, { allowTrailingComma: true })
  const error = errors[0]
  if (error) {
    const line = text.slice(0, error.offset).split('\n').length
    throw wrong(`line ${line}: ${inWords(printParseErrorCode(error.error))}`)
  }
  if (!isObject(document)) throw wrong('it is not an object')
  return {
    formation: readFormation(document.formation),
    addons: readAddons(document.addons),
    env: readEnv(document.env),
    healthchecks: readHealthchecks(document.healthchecks, wrong),
    tasks: readTasks(document.scripts),
    cron: readCron(document.cron, wrong),
  }
}

function readFormation(value: unknown): Formation {
  if (value === undefined) return {}
  if (!isObject(value)) throw wrong('"formation" is not an object')
  const entries = Object.entries(value).flatMap(([process, settings]): [string, number][] => {
    const quantity = isObject(settings) ? settings.quantity : undefined
    if (quantity === undefined) return []
    if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 0 || quantity > 100) {
      throw wrong(`"formation.${process}.quantity" is not a whole number from 0 to 100`)
    }
    return [[process, quantity]]
  })
  return Object.fromEntries(entries)
}

function readAddons(value: unknown): readonly Addon[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrong('"addons" is not a list')
  return value.map((entry: unknown, index) => {
    const { plan, as } = isObject(entry) ? entry : { plan: entry, as: undefined }
    if (typeof plan !== 'string') throw wrong(`"addons[${index}]" is neither a name nor {"plan": name}`)
    if (as !== undefined && typeof as !== 'string') throw wrong(`"addons[${index}].as" is not a name`)
    return { plan, alias: as }
  })
}

function readEnv(value: unknown): AppJson['env'] {
  if (value === undefined) return {}
  if (!isObject(value)) throw wrong('"env" is not an object')
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [parseConfigName(name), readEnvEntry(name, entry)]),
  )
}

function readEnvEntry(name: string, entry: unknown): EnvEntry {
  if (typeof entry === 'string')
    return { value: entry, description: undefined, required: false, secret: false }
  if (!isObject(entry)) throw wrong(`"env.${name}" is neither a string nor an object`)
  const { value, description, required, generator } = entry
  if (value !== undefined && typeof value !== 'string') throw wrong(`"env.${name}.value" is not a string`)
  if (required !== undefined && typeof required !== 'boolean')
    throw wrong(`"env.${name}.required" is not true or false`)
  if (generator !== undefined && generator !== 'secret')
    throw wrong(`"env.${name}.generator" can only be "secret"`)
  return {
    value,
    description: typeof description === 'string' ? description : undefined,
    required: required === true,
    secret: generator === 'secret',
  }
}

function readTasks(scripts: unknown): Tasks {
  if (scripts === undefined) return {}
  if (!isObject(scripts)) throw wrong('"scripts" is not an object')
  const dokku = scripts.dokku ?? {}
  if (!isObject(dokku)) throw wrong('"scripts.dokku" is not an object')
  return {
    ...readTask('predeploy', 'scripts.dokku.predeploy', dokku.predeploy),
    ...readTask('postdeploy', 'scripts.dokku.postdeploy', dokku.postdeploy),
    ...readTask('firstPostdeploy', 'scripts.postdeploy', scripts.postdeploy),
  }
}

/** Heroku takes a task as an object, too. */
function readTask(task: keyof Tasks, path: string, value: unknown): Tasks {
  const line = isObject(value) ? value.command : value
  if (value === undefined) return {}
  if (typeof line === 'string' && line.trim() !== '') return { [task]: line.trim() }
  throw wrong(`"${path}" is no command`)
}

/** `PropertyNameExpected` -> `property name expected` */
const inWords = (code: string): string => code.replace(/(?!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

const wrong = (what: string): UserError =>
  new UserError(`app.json cannot be read: ${what}`, { next: 'Correct app.json, commit and push again' })
