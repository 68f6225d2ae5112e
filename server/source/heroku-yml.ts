import { parseDocument } from 'yaml'
import { UserError } from '../errors.ts'
import { isObject } from './is-object.ts'
import type { Procfile } from './procfile.ts'

/** What of heroku.yml (https://devcenter.heroku.com/articles/build-docker-images-heroku-yml) has a meaning here. */
export type HerokuYml = {
  /** `build.docker.web`: path of the Dockerfile. */
  readonly dockerfile: string | undefined
  /** `run`, and `release.command` as the type `release`. */
  readonly processes: Procfile
  /** A line for each thing that has no meaning here. */
  readonly notes: readonly string[]
}

type Mapping = Readonly<Record<string, unknown>>

/** Throws `UserError` that says where it is broken. */
export function readHerokuYml(text: string): HerokuYml {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error)
    throw wrong(`line ${error.linePos?.[0].line ?? 1}: ${error.code.toLowerCase().replaceAll('_', ' ')}`)
  const root = mappingOf('it', plain(document))
  const notes: string[] = []
  const ignored = (what: string, why: string): void =>
    void notes.push(`heroku.yml: ${what} is ignored: ${why}`)
  const { build, run, release, ...others } = root
  for (const name of Object.keys(others)) ignored(name, reasons[name] ?? 'it is not known')
  return {
    dockerfile: readBuild(mappingOf('build', build), ignored),
    processes: {
      ...readRun(mappingOf('run', run), ignored),
      ...readRelease(mappingOf('release', release), ignored),
    },
    notes,
  }
}

type Ignored = (what: string, why: string) => void

const reasons: Readonly<Record<string, string>> = {
  setup: 'addons and env of app.json say that',
}

function readBuild({ docker, ...others }: Mapping, ignored: Ignored): string | undefined {
  for (const name of Object.keys(others))
    ignored(
      `build.${name}`,
      name === 'config' ? 'config vars fill the ARGs of a Dockerfile' : 'it is not known',
    )
  const { web, ...images } = mappingOf('build.docker', docker)
  for (const name of Object.keys(images))
    ignored(`build.docker.${name}`, 'every process runs in the image of web')
  if (web === undefined) return undefined
  const { dockerfile, ...options } = isObject(web) ? web : { dockerfile: web }
  for (const name of Object.keys(options))
    ignored(`build.docker.web.${name}`, 'the Dockerfile is built to its end')
  if (typeof dockerfile !== 'string' || dockerfile.trim() === '')
    throw wrong('build.docker.web is no path of a Dockerfile')
  const path = dockerfile.trim().replace(/^(\.\/)+/, '')
  if (path.includes('/'))
    ignored(
      `the folder of build.docker.web`,
      `paths in ${path} begin at the root of the tree (builder:set build-dir)`,
    )
  return path
}

function readRun(run: Mapping, ignored: Ignored): Procfile {
  const lines = Object.entries(run).map(([type, value]): [string, string] => {
    if (!/^[A-Za-z0-9_-]{1,30}$/.test(type))
      throw wrong(`"${type.slice(0, 40)}" in run cannot be a process type`)
    return [type, commandOf(`run.${type}`, value, ignored)]
  })
  return Object.fromEntries(lines)
}

function readRelease(release: Mapping, ignored: Ignored): Procfile {
  if (Object.keys(release).length === 0) return {}
  return { release: commandOf('release', release, ignored) }
}

/** A line, a list of them, or a mapping with either as its `command`. */
function commandOf(path: string, value: unknown, ignored: Ignored): string {
  const { command, image, ...others } = isObject(value) ? value : { command: value, image: undefined }
  for (const name of Object.keys(others)) ignored(`${path}.${name}`, 'it is not known')
  if (image !== undefined && image !== 'web')
    ignored(`${path}.image`, 'every process runs in the image of web')
  const lines = Array.isArray(command) ? command : [command]
  if (lines.length === 0 || !lines.every(isLine)) throw wrong(`${path} is no command of one line`)
  const [only = '', ...more] = lines.map((line) => line.trim())
  return more.length === 0 ? only : `/bin/sh -c ${quoted([only, ...more].join(' && '))}`
}

const isLine = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && !/[\r\n\0]/.test(value.trim())

/** As one word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Of aliases that unfold to very much the parser says so. */
function plain(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    throw wrong(cause instanceof Error ? cause.message : String(cause))
  }
}

function mappingOf(what: string, value: unknown): Mapping {
  if (value === undefined || value === null) return {}
  if (isObject(value)) return value
  throw wrong(`${what} is not a mapping`)
}

const wrong = (what: string): UserError =>
  new UserError(`heroku.yml cannot be read: ${what}`, { next: 'Correct heroku.yml, commit and push again' })
