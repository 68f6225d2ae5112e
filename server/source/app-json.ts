import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { UserError } from '../errors.ts'
import type { Formation } from '../state/releases.ts'

/** What we read of app.json (https://devcenter.heroku.com/articles/app-json-schema). */
export type AppJson = {
  /** Process type -> quantity, for the first deploy. */
  readonly formation: Formation
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
  return { formation: readFormation(document.formation) }
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

/** `PropertyNameExpected` -> `property name expected` */
const inWords = (code: string): string => code.replace(/(?!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const wrong = (what: string): UserError =>
  new UserError(`app.json cannot be read: ${what}`, { next: 'Correct app.json, commit and push again' })
