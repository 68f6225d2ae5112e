import type { BuildPlan, Buildpack, BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { type Composer, readComposer } from './composer.ts'
import { composerRepository } from './composer-repository.ts'
import { chooseFolder, folderAsked, usualFolders } from './document-root.ts'
import { asOurs } from './official.ts'
import { choosePhp, type Php } from './php-version.ts'

export default {
  name: 'PHP',
  order: 40,
  looksFor: ['index.php', 'composer.json'],
  recognises: (tree, config) =>
    tree.files.has('composer.json') ||
    usualFolders.some((folder) => tree.files.has(`${folder}index.php`)) ||
    tree.files.has(`${folderAsked(config)}/index.php`),
  plan,
} satisfies Buildpack

async function plan(tree: SourceTree, settings: BuildSettings): Promise<BuildPlan> {
  const composer = await readComposer(tree)
  const php = await choosePhp(composer, settings)
  const repository = composerRepository(settings)
  const folder = chooseFolder(tree, settings)
  const startsItself = Object.keys(settings.procfile ?? {}).includes('web')
  return {
    dockerfile: dockerfile({ php, composer, repository, folder: folder?.path, settings }),
    processes: startsItself || folder === undefined ? {} : { web: 'start-apache' },
    notes: [
      php.note,
      ...(composer?.lockfile === undefined ? [] : [`Dependencies by Composer from ${composer.lockfile}`]),
      ...(composer?.lockfile === undefined || repository === undefined
        ? []
        : [
            `Packages come from ${repository.host} (COMPOSER_REPOSITORY), in the versions of ${composer.lockfile}`,
          ]),
      ...(composer?.note === undefined ? [] : [composer.note]),
      ...(startsItself ? ['Starts as the Procfile says: web'] : []),
      ...(folder === undefined ? [] : [folder.note]),
      ...(tree.files.has('package.json')
        ? ['package.json is not looked at: commit what its build makes, or bring a Dockerfile']
        : []),
    ],
    ignore: composer?.lockfile === undefined ? [] : ['vendor', '**/node_modules'],
  }
}

type DockerfileParts = {
  readonly php: Php
  readonly composer: Composer | undefined
  readonly repository: URL | undefined
  readonly folder: string | undefined
  readonly settings: BuildSettings
}

function dockerfile({ php, composer, repository, folder, settings }: DockerfileParts): string {
  const run = [
    `RUN --mount=type=cache,id=${settings.cacheKey}-packages,target=/var/cache/packages,uid=1000,gid=1000`,
    'export COMPOSER_HOME=/tmp/composer COMPOSER_CACHE_DIR=/var/cache/packages;',
  ].join(' ')
  const install = (options: string): string =>
    `${run} composer install --no-dev --no-interaction --no-progress ${options}`
  const relocate = repository === undefined ? [] : [`${run} ${relocation(repository)}`]
  const lines = [
    `FROM ${php.image}`,
    ...(php.official === undefined ? [] : asOurs(php.official, composer?.extensions ?? [])),
    'WORKDIR /app',
    'RUN chown www-data:www-data /app',
    'USER www-data',
    ...(composer?.lockfile === undefined ? [] : ['ARG COMPOSER_AUTH']),
    ...(composer?.lockfile === undefined || repository === undefined ? [] : ['ARG COMPOSER_REPOSITORY']),
    ...(composer?.lockfile === undefined || composer.needsTree
      ? []
      : [
          `COPY --chown=www-data:www-data composer.json ${composer.lockfile} ./`,
          ...relocate,
          install('--no-scripts --no-autoloader'),
        ]),
    'COPY --chown=www-data:www-data . .',
    ...(composer?.lockfile === undefined
      ? []
      : [
          // The tree has brought the one with the other addresses again.
          ...(composer.needsTree ? relocate : relocate.map(() => 'RUN cp /tmp/composer/composer.lock .')),
          // Again, for the scripts and the autoloader: there is nothing to fetch any more.
          install('--optimize-autoloader'),
        ]),
    ...(folder === undefined || folder === '' ? [] : [`ENV APACHE_FOLDER=${folder}`]),
    'CMD ["start-apache"]',
  ]
  return `${lines.join('\n')}\n`
}

/** composer.lock says where each package comes from: the same versions are looked up in the index instead. */
const relocation = (repository: URL): string =>
  [
    'composer config --global repositories.index composer "$COMPOSER_REPOSITORY"',
    'composer config --global repositories.packagist.org false',
    ...(repository.protocol === 'http:' ? ['composer config --global secure-http false'] : []),
    'composer update mirrors --no-install --no-scripts --no-plugins --no-audit --no-interaction --no-progress',
    'cp composer.lock /tmp/composer/',
  ].join(' && ')
