import type { BuildSettings } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'

/**
 * The package index that the config var COMPOSER_REPOSITORY names, in place of packagist.org; undefined: none. Throws
 * `UserError` where it is no address.
 */
export function composerRepository({ config }: Pick<BuildSettings, 'config'>): URL | undefined {
  const { COMPOSER_REPOSITORY: asked } = config
  if (asked === undefined) return undefined
  const url = URL.parse(asked)
  if (url && ['http:', 'https:'].includes(url.protocol)) return url
  throw new UserError(`${JSON.stringify(asked.slice(0, 100))} is no address of a package index`, {
    next: 'config:set --no-restart COMPOSER_REPOSITORY=https://packages.example.com, or config:unset --no-restart COMPOSER_REPOSITORY',
  })
}
