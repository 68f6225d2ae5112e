import { type ParseError, parse } from 'jsonc-parser'
import { UserError } from '../../server/errors.ts'

/** What we read of a static.json, as Heroku's static buildpack had it. */
export type StaticJson = {
  readonly root: string | undefined
  /** A route sends every path to index.html. */
  readonly isSinglePage: boolean
  /** `/about` finds `about.html`. */
  readonly hasCleanUrls: boolean
  /** As a path of the site. */
  readonly errorPage: string | undefined
  /** Names of what stands there and is not read. */
  readonly ignored: readonly string[]
}

const read = ['root', 'routes', 'clean_urls', 'error_page']

/** Throws `UserError` where `text` cannot be read. */
export function parseStaticJson(text: string): StaticJson {
  const errors: ParseError[] = []
  const document: unknown = parse(text, errors, { allowTrailingComma: true })
  const error = errors[0]
  if (error) throw wrong(`line ${text.slice(0, error.offset).split('\n').length}`)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw wrong('it is not an object')
  }
  const { root, routes, clean_urls, error_page } = document as Record<string, unknown>
  return {
    root: typeof root === 'string' ? root : undefined,
    isSinglePage:
      typeof routes === 'object' && routes !== null && Object.values(routes).includes('index.html'),
    hasCleanUrls: clean_urls === true,
    errorPage: errorPath(error_page),
    ignored: Object.keys(document).filter((name) => !read.includes(name)),
  }
}

function errorPath(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^\/?[\w-][\w./-]*$/.test(value)) return `/${value.replace(/^\//, '')}`
  throw wrong('"error_page" is not a path, such as errors/404.html')
}

const wrong = (what: string): UserError =>
  new UserError(`static.json cannot be read: ${what}`, { next: 'Correct static.json, commit and push again' })
