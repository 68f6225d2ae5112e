import { satisfies, valid, validRange } from 'semver'
import type { BuildSettings } from '../../server/build/buildpack.ts'
import { findOfficialImage, type OfficialImage } from '../../server/build/official-image.ts'
import { UserError } from '../../server/errors.ts'
import type { Composer } from './composer.ts'
import { knownExtensions, officialExtensions, phpVersion } from './extensions.ts'

/** What is asked for of the image registry where a range leaves a choice, the best first. */
const officialVersions = ['8.5', '8.4', '8.3', '8.1', '8.0', '7.4']

/** The PHP that a tree is built with. */
export type Php = {
  /** To build on. */
  readonly image: string
  /** It is the registry's official one, not our base image; with the names of Apache's module in it. */
  readonly official: { readonly module: string; readonly library: string } | undefined
  /** For the pusher. */
  readonly note: string
}

/**
 * Our PHP where it will do, else the official image of one that will, where the image registry has it. Throws
 * `UserError` where there is none, and for extensions that the one chosen does not have. What cannot be told from
 * here, Composer itself decides in the build.
 */
export async function choosePhp(composer: Composer | undefined, settings: BuildSettings): Promise<Php> {
  const { php: asked, extensions = [] } = composer ?? {}
  const range = asked === undefined ? null : validRange(inSemver(asked))
  if (asked === undefined || range === null || fits(phpVersion, range)) {
    refuseUnknown(extensions, knownExtensions)
    const why = asked === undefined ? '' : ` (composer.json: ${asked})`
    return {
      image: `paas/php:${phpVersion}`,
      official: undefined,
      note: `PHP ${phpVersion}${why} with Apache`,
    }
  }
  const exact = exactVersion(asked)
  const versions = exact === undefined ? officialVersions.filter((version) => fits(version, range)) : [exact]
  const found = await findOfficialImage(settings, {
    name: 'php',
    tags: versions.map((version) => `${version}-apache`),
  })
  if (found.image === undefined) throw noPhp(asked, found, settings.imageRegistry)
  refuseUnknown(extensions, officialExtensions)
  const isSeven = /:7\.[\w.-]+$/.test(found.image)
  return {
    image: found.image,
    official: isSeven
      ? { module: 'php7_module', library: 'libphp7.so' }
      : { module: 'php_module', library: 'libphp.so' },
    note: `PHP with Apache by the official image ${found.image} (composer.json: ${asked})`,
  }
}

/** Any patch release that an image may have fits. */
const fits = (version: string, range: string): boolean =>
  satisfies(`${version}.99`, range) || satisfies(`${version}.0`, range)

/** Of a PHP that Apache and Composer here get on with; undefined: a range, or none of those. */
function exactVersion(asked: string): string | undefined {
  const version = valid(asked.trim()) ?? ''
  return satisfies(version, '>=7.4') ? version : undefined
}

/** Composer's `~8.1` allows 8.2, and it writes `|` and `,`. */
const inSemver = (constraint: string): string =>
  constraint
    .replaceAll(',', ' ')
    .replace(/\s*\|\|?\s*/g, ' || ')
    .replace(/@\w+/g, '')
    .replace(/~\s*(\d+\.\d+)(?![.\d])/g, '^$1')

const noPhp = (asked: string, { answered }: OfficialImage, registry: string): UserError =>
  new UserError(`There is no PHP ${JSON.stringify(asked.slice(0, 60))} (require.php in composer.json)`, {
    next: [
      `There is PHP ${phpVersion}: change require.php, commit and push again.`,
      answered
        ? `The image registry ${registry} has none that fits either.`
        : `Others come from an image registry, and ${registry} does not answer (PAAS_IMAGE_REGISTRY).`,
    ].join('\n'),
  })

function refuseUnknown(required: readonly string[], known: ReadonlySet<string>): void {
  const unknown = required.filter((name) => !known.has(name))
  if (unknown.length === 0) return
  const named = unknown.map((name) => JSON.stringify(name.slice(0, 60))).join(', ')
  throw new UserError(`There is no PHP extension ${named} (require in composer.json)`, {
    next: `There are: ${[...known].sort().join(', ')}\nAnother one: bring a Dockerfile`,
  })
}
