import { satisfies, validRange } from 'semver'
import type { BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { findOfficialImage, type OfficialImage } from '../../server/build/official-image.ts'
import { UserError } from '../../server/errors.ts'

/** Debian's. */
export const pythonVersion = '3.11'

/** What is asked for of the image registry where a range leaves a choice, the best first. */
const officialVersions = ['3.14', '3.13', '3.12', '3.10', '3.9', '3.8']

/** The Python that a tree is built with. */
export type Python = {
  /** To build on. */
  readonly image: string
  /** It is the registry's official one, not our base image. */
  readonly isOfficial: boolean
  /** For the pusher. */
  readonly note: string
}

/** What asks for which versions. */
type Wish = { readonly file: string; readonly says: string; readonly fits: (version: string) => boolean }

/**
 * Our Python where it will do, else the official image of one that will, where the image registry has it. Throws
 * `UserError` where there is none. What cannot be told from here (`!=`, `===`), pip decides in the build.
 */
export async function choosePython(
  tree: SourceTree,
  pyproject: string,
  settings: BuildSettings,
): Promise<Python> {
  const wishes = await readWishes(tree, pyproject)
  const unmet = wishes.find(({ fits }) => !fits(pythonVersion))
  if (unmet === undefined) {
    const [asked] = wishes.filter(({ file }) => !file.startsWith('requires-python'))
    return {
      image: `paas/python:${pythonVersion}`,
      isOfficial: false,
      note: `Python ${pythonVersion}${asked === undefined ? '' : ` (${asked.file})`}`,
    }
  }
  const exact = exactVersion(unmet.says)
  const versions = (exact === undefined ? officialVersions : [exact]).filter((version) =>
    wishes.every(({ fits }) => fits(version)),
  )
  const found = await findOfficialImage(settings, {
    name: 'python',
    tags: versions.map((version) => `${version}-slim`),
  })
  if (found.image === undefined) throw noPython(unmet, found, settings.imageRegistry)
  return {
    image: found.image,
    isOfficial: true,
    note: `Python by the official image ${found.image} (${unmet.file})`,
  }
}

async function readWishes(tree: SourceTree, pyproject: string): Promise<readonly Wish[]> {
  const [pinned, runtime] = await Promise.all([tree.read('.python-version'), tree.read('runtime.txt')])
  const range = /^\s*requires-python\s*=\s*["']([^"']*)["']/m.exec(pyproject)?.[1]
  const numbers = [
    { file: '.python-version', says: firstLine(pinned) },
    { file: 'runtime.txt', says: firstLine(runtime) },
  ]
    .filter(({ says }) => says !== '')
    .map((wish) => ({ ...wish, fits: (version: string) => isSame(version, numberIn(wish.says)) }))
  const file = 'requires-python in pyproject.toml'
  return range === undefined
    ? numbers
    : [...numbers, { file, says: range, fits: (version: string) => isWithin(version, range) }]
}

/** The first line that says something. */
const firstLine = (text = ''): string =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .find((line) => line !== '') ?? ''

const numberIn = (says: string): string => /^(?:c?python-?)?(\d+(?:\.\d+)*)$/.exec(says)?.[1] ?? ''

/** `3`, `3.11` and `3.11.4` alike: the patch release is the image's. */
const isSame = (version: string, number: string): boolean =>
  number !== '' && (`${number}.`.startsWith(`${version}.`) || `${version}.`.startsWith(`${number}.`))

/** Of a Python that has venv and pip as the build wants them; undefined: a range, or none of those. */
function exactVersion(says: string): string | undefined {
  const number = numberIn(says)
  const minor = Number(/^3\.(\d{1,2})(\.\d{1,2})?$/.exec(number)?.[1] ?? 0)
  return minor >= 8 ? number : undefined
}

function isWithin(version: string, specifier: string): boolean {
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
  const minor = version.split('.').slice(0, 2).join('.')
  return satisfies(`${minor}.0`, range) || satisfies(`${minor}.99`, range)
}

const noPython = ({ file, says }: Wish, { answered }: OfficialImage, registry: string): UserError =>
  new UserError(`There is no Python ${JSON.stringify(says.slice(0, 60))} (${file})`, {
    next: [
      `There is Python ${pythonVersion}: change ${file}, commit and push again.`,
      answered
        ? `The image registry ${registry} has none that fits either.`
        : `Others come from an image registry, and ${registry} does not answer (PAAS_IMAGE_REGISTRY).`,
    ].join('\n'),
  })
