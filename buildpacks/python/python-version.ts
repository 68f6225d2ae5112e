import { satisfies, validRange } from 'semver'
import type { SourceTree } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'

/** Debian's. */
export const pythonVersion = '3.11'

/**
 * Throws `UserError` where the tree asks for a Python that is not there. What cannot be told from here (`!=`,
 * `===`), pip decides in the build. Returns what asked, for the pusher.
 */
export async function refuseOtherPython(tree: SourceTree, pyproject: string): Promise<string | undefined> {
  const [pinned, runtime] = await Promise.all([tree.read('.python-version'), tree.read('runtime.txt')])
  const range = /^\s*requires-python\s*=\s*["']([^"']*)["']/m.exec(pyproject)?.[1]
  const asked = [
    { file: '.python-version', version: firstLine(pinned) },
    { file: 'runtime.txt', version: firstLine(runtime) },
  ].filter(({ version }) => version !== '')
  for (const { file, version } of asked) {
    const number = /^(?:c?python-?)?(\d+(?:\.\d+)*)$/.exec(version)?.[1] ?? ''
    if (number !== '' && isWithin(number)) continue
    throw noPython(file, version)
  }
  if (range !== undefined && !fits(range)) throw noPython('requires-python in pyproject.toml', range)
  return asked[0]?.file
}

/** The first line that says something. */
const firstLine = (text = ''): string =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .find((line) => line !== '') ?? ''

/** `3`, `3.11` and `3.11.4` alike: the patch release is Debian's. */
const isWithin = (number: string): boolean =>
  `${number}.`.startsWith(`${pythonVersion}.`) || `${pythonVersion}.`.startsWith(`${number}.`)

function fits(specifier: string): boolean {
  const range = validRange(
    specifier
      .split(',')
      .map((each) => each.trim())
      // Compatible release: ~=3.9 allows all of 3 from there on, ~=3.9.2 all of 3.9.
      .map((each) => each.replace(/^~=\s*(\d+\.\d+)$/, '^$1').replace(/^~=/, '~'))
      .map((each) => each.replace(/^==\s*/, ''))
      .join(' '),
  )
  if (range === null) return true
  return satisfies(`${pythonVersion}.0`, range) || satisfies(`${pythonVersion}.99`, range)
}

const noPython = (file: string, version: string): UserError =>
  new UserError(`There is no Python ${JSON.stringify(version.slice(0, 60))} (${file})`, {
    next: `There is Python ${pythonVersion}: change ${file}, commit and push again.\nAnother one: bring a Dockerfile (FROM python:3.13-slim, where this server reaches a registry)`,
  })
