import { gt, maxSatisfying, satisfies, valid, validRange } from 'semver'
import { UnavailableError, UserError } from '../../server/errors.ts'

/** The Node.js of the base image: it is made from the one that runs this. */
export const baseNode: string = process.versions.node

/** npm's name for the binaries of a Node.js version. */
export const nodePackage = `node-linux-${process.arch}`

/** What npm, pnpm and yarn of today still start on. */
const oldest = '12.13.0'

/**
 * The newest Node.js in `range`; the base image's own where it lies in it, without asking the registry. Throws
 * `UserError` where there is none, `UnavailableError` where the registry does not answer.
 */
export async function chooseNode(
  range: string | undefined,
  from: { readonly npmRegistry: string; readonly signal: AbortSignal },
): Promise<string> {
  if (range === undefined) return baseNode
  if (validRange(range) === null) {
    throw new UserError(
      `engines.node in package.json is no range of versions: ${JSON.stringify(range.slice(0, 60))}`,
      {
        next: 'Write, for instance, "engines": {"node": "24.x"}',
      },
    )
  }
  if (satisfies(baseNode, range)) return baseNode
  const versions = await knownVersions(from.npmRegistry, from.signal)
  const newest = maxSatisfying(versions, range)
  if (newest !== null) return newest
  throw new UserError(
    `There is no Node.js ${JSON.stringify(range.slice(0, 60))} (engines.node in package.json)`,
    {
      next: `There are, the last of each line: ${lastOfEachLine(versions).join(', ')}`,
    },
  )
}

const known = new Map<string, { readonly versions: readonly string[]; readonly readAt: number }>()
const freshMs = 10 * 60_000

async function knownVersions(registry: string, signal: AbortSignal): Promise<readonly string[]> {
  const before = known.get(registry)
  if (before && Date.now() - before.readAt < freshMs) return before.versions
  const versions = (await readVersions(registry, signal)).filter(
    (version) => valid(version) && gt(version, oldest),
  )
  known.set(registry, { versions, readAt: Date.now() })
  return versions
}

async function readVersions(registry: string, signal: AbortSignal): Promise<readonly string[]> {
  const url = new URL(nodePackage, registry.replace(/\/?$/, '/'))
  try {
    const answer = await fetch(url, {
      // The short form: a tenth of the whole.
      headers: { accept: 'application/vnd.npm.install-v1+json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    })
    if (!answer.ok) throw new Error(`it answered ${answer.status}`)
    const { versions } = (await answer.json()) as { versions?: Record<string, unknown> }
    return Object.keys(versions ?? {})
  } catch (cause) {
    signal.throwIfAborted()
    throw new UnavailableError(
      `The npm registry does not say which versions of Node.js there are: ${url.host}`,
      {
        next: `Push again later, or let engines.node include ${baseNode}, which is here`,
        cause,
      },
    )
  }
}

function lastOfEachLine(versions: readonly string[]): string[] {
  const lines = new Set(versions.map((version) => Number.parseInt(version, 10)))
  return [...lines].sort((a, b) => a - b).flatMap((line) => maxSatisfying(versions, `${line}.x`) ?? [])
}
