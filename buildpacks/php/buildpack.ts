import type { BuildPlan, Buildpack, BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { type Composer, readComposer } from './composer.ts'
import { chooseFolder, usualFolders } from './document-root.ts'
import { phpVersion } from './extensions.ts'

export default {
  name: 'PHP',
  order: 40,
  looksFor: ['index.php', 'composer.json'],
  recognises: ({ files }) =>
    files.has('composer.json') || usualFolders.some((folder) => files.has(`${folder}index.php`)),
  plan,
} satisfies Buildpack

async function plan(tree: SourceTree, settings: BuildSettings): Promise<BuildPlan> {
  const composer = await readComposer(tree)
  const folder = chooseFolder(tree, settings)
  const startsItself = Object.keys(settings.procfile ?? {}).includes('web')
  return {
    dockerfile: dockerfile(composer, folder?.path, settings),
    processes: startsItself || folder === undefined ? {} : { web: 'start-apache' },
    notes: [
      `PHP ${phpVersion}${composer?.php === undefined ? '' : ` (composer.json: ${composer.php})`} with Apache`,
      ...(composer?.lockfile === undefined ? [] : [`Dependencies by Composer from ${composer.lockfile}`]),
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

function dockerfile(
  composer: Composer | undefined,
  folder: string | undefined,
  { cacheKey }: BuildSettings,
): string {
  const install = (options: string): string =>
    [
      `RUN --mount=type=cache,id=${cacheKey}-packages,target=/var/cache/packages,uid=1000,gid=1000`,
      'COMPOSER_HOME=/tmp/composer COMPOSER_CACHE_DIR=/var/cache/packages',
      `composer install --no-dev --no-interaction --no-progress ${options}`,
    ].join(' ')
  const lines = [
    `FROM paas/php:${phpVersion}`,
    'WORKDIR /app',
    'RUN chown www-data:www-data /app',
    'USER www-data',
    ...(composer?.lockfile === undefined ? [] : ['ARG COMPOSER_AUTH']),
    ...(composer?.lockfile === undefined || composer.needsTree
      ? []
      : [
          `COPY --chown=www-data:www-data composer.json ${composer.lockfile} ./`,
          install('--no-scripts --no-autoloader'),
        ]),
    'COPY --chown=www-data:www-data . .',
    // Again, for the scripts and the autoloader: there is nothing to fetch any more.
    ...(composer?.lockfile === undefined ? [] : [install('--optimize-autoloader')]),
    ...(folder === undefined || folder === '' ? [] : [`ENV APACHE_FOLDER=${folder}`]),
    'CMD ["start-apache"]',
  ]
  return `${lines.join('\n')}\n`
}
