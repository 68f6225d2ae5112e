import type { SourceTree } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'

/** What composer.json asks for. */
export type Composer = {
  /** `require.php`, as it stands there. */
  readonly php: string | undefined
  /** Names after `ext-` in `require`, in lower case, without `zend-`. */
  readonly extensions: readonly string[]
  /** Undefined: there is nothing to install. */
  readonly lockfile: string | undefined
  /** The install reads more of the tree than these two files. */
  readonly needsTree: boolean
  readonly note: string | undefined
}

/** Reads composer.json; undefined where there is none. Throws `UserError` for packages without composer.lock. */
export async function readComposer(tree: SourceTree): Promise<Composer | undefined> {
  const text = await tree.read('composer.json')
  if (text === undefined) return undefined
  const manifest = parse(text)
  const required = isObject(manifest.require) ? manifest.require : {}
  const php = typeof required.php === 'string' ? required.php : undefined
  const packages = Object.keys(required).filter((name) => name.includes('/'))
  const hasLockfile = tree.files.has('composer.lock')
  if (!hasLockfile && packages.length > 0) throw noLockfile(packages)
  const needsTree = hasLocalRepositories(manifest)
  return {
    php,
    extensions: Object.keys(required)
      .filter((name) => name.startsWith('ext-'))
      .map((name) => name.toLowerCase().replace(/^ext-(zend-)?/, '')),
    lockfile: hasLockfile ? 'composer.lock' : undefined,
    needsTree,
    note:
      needsTree && hasLockfile ? 'Every push installs anew: dependencies are files of the tree' : undefined,
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const manifest: unknown = JSON.parse(text)
    if (isObject(manifest)) return manifest
    throw new SyntaxError('it is not an object')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UserError(`composer.json cannot be read: ${reason}`, {
      next: 'Correct composer.json, commit and push again (composer validate finds mistakes)',
      cause: error,
    })
  }
}

const noLockfile = (packages: readonly string[]): UserError =>
  new UserError(
    `There is no composer.lock beside composer.json: every build would bring other versions of ${packages.slice(0, 3).join(', ')}${packages.length > 3 ? ', ...' : ''}`,
    {
      next: 'composer update && git add composer.lock && git commit -m "Add composer.lock", then push again',
    },
  )

function hasLocalRepositories({ repositories }: Record<string, unknown>): boolean {
  const listed = isObject(repositories) || Array.isArray(repositories) ? Object.values(repositories) : []
  return listed.some((each) => isObject(each) && ['path', 'artifact'].includes(String(each.type)))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
