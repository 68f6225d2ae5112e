import { UserError } from '../../server/errors.ts'

/** What we read of a package.json; all else is npm's. */
export type PackageJson = {
  readonly name: string | undefined
  readonly version: string | undefined
  readonly main: string | undefined
  /** `engines.node` */
  readonly nodeRange: string | undefined
  /** `pnpm@10.1.0+sha512.…` */
  readonly packageManager: string | undefined
  readonly scripts: Readonly<Record<string, string>>
  /** Of all kinds: what stands behind the package's name. */
  readonly dependencies: readonly string[]
  readonly hasWorkspaces: boolean
  /** Files of the tree change what is installed. */
  readonly hasPatches: boolean
}

/** Throws `UserError` that says where `text`, the content of `path`, is no package.json. */
export function parsePackageJson(text: string, path = 'package.json'): PackageJson {
  const document = parse(text, path)
  if (!isObject(document)) throw wrong(path, 'it is not an object')
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
  return {
    name: string(document.name),
    version: string(document.version),
    main: string(document.main),
    nodeRange: isObject(document.engines) ? string(document.engines.node) : undefined,
    packageManager: string(document.packageManager),
    scripts: strings(document.scripts),
    dependencies: kinds.flatMap((kind) => Object.values(strings(document[kind]))),
    hasWorkspaces: document.workspaces !== undefined,
    hasPatches: isObject(document.pnpm) && document.pnpm.patchedDependencies !== undefined,
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw wrong(path, (error as SyntaxError).message)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const string = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function strings(value: unknown): Record<string, string> {
  const entries = isObject(value) ? Object.entries(value) : []
  return Object.fromEntries(
    entries.flatMap(([name, each]) => (typeof each === 'string' ? [[name, each]] : [])),
  )
}

const wrong = (path: string, what: string): UserError =>
  new UserError(`${path} cannot be read: ${what}`, { next: `Correct ${path}, commit and push again` })
