import { createServer } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import php from '../../buildpacks/php/buildpack.ts'
import type { BuildPlan, BuildSettings } from '../../server/build/buildpack.ts'
import { repositoryOf } from '../examples/example.ts'
import { startInstance, type TestInstance, uniqueName, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'
import { buildGateway } from './build-gateway.ts'
import { plainSettings, textTree } from './folder-tree.ts'
import { imageRegistry } from './image-registry.ts'
import { zip } from './zip.ts'

const fixture = (name: string): Promise<Repository> =>
  repositoryOf(join(import.meta.dirname, '..', '..', 'buildpacks', 'php', 'fixtures', name))

const plan = (
  contents: Readonly<Record<string, string>>,
  settings: Partial<BuildSettings> = {},
): Promise<BuildPlan> => php.plan(textTree(contents), { ...plainSettings, ...settings })

describe('pushed for real', () => {
  let paas: TestInstance
  let packages: PackageServer
  beforeAll(async () => {
    packages = await packageServer()
    paas = await startInstance({ PAAS_REACHABLE: new URL(packages.url).host })
  })
  afterAll(async () => {
    await paas?.[Symbol.asyncDispose]()
    await packages?.[Symbol.asyncDispose]()
  })

  test('a folder public is served alone, with .htaccess, the visitor’s address and scheme, and all extensions', async () => {
    using repository = await fixture('public')
    const push = await repository.push(paas, 'public')
    expect(push.exitCode, push.stderr).toBe(0)
    const answer = await paas.get('public.localhost', '/some/path?x=1')
    expect(JSON.parse(answer.body)).toEqual({
      path: '/some/path?x=1',
      secure: false,
      client: '127.0.0.1',
      user: 1000,
      extensions: expect.arrayContaining([
        'mysqli',
        'pdo_mysql',
        'gd',
        'curl',
        'mbstring',
        'xml',
        'zip',
        'intl',
      ]),
    })
    expect((await paas.get('public.localhost', '/../secret.txt')).body).not.toContain('not for visitors')
    expect((await paas.get('public.localhost', '/.htaccess')).status).toBe(403)
  }, 60_000)

  test('errors of the program are in the log, not on the page', async () => {
    using repository = await makeRepository({ 'index.php': '<?php nowhere_defined();\n' })
    expect((await repository.push(paas, 'broken')).exitCode).toBe(0)
    const answer = await paas.get('broken.localhost')
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain('nowhere_defined')
    await until('the log has it', async () => (await paas.ok('logs -a broken')).includes('nowhere_defined'))
  }, 60_000)

  test('DOCUMENT_ROOT moves the page without a push', async () => {
    using repository = await makeRepository({
      'index.php': 'from the root',
      'site/index.php': 'from <?= "site" ?>',
    })
    expect((await repository.push(paas, 'moved')).exitCode).toBe(0)
    expect((await paas.get('moved.localhost')).body).toBe('from the root')
    await paas.ok('config:set -a moved DOCUMENT_ROOT=site')
    expect((await paas.get('moved.localhost')).body).toBe('from site')
    const wrong = await paas.ssh('config:set -a moved DOCUMENT_ROOT=../etc')
    expect(wrong.exitCode).not.toBe(0)
    expect((await paas.get('moved.localhost')).body).toBe('from site')
  }, 60_000)

  test('DOCUMENT_ROOT in app.json counts from the first push on, and a config var wins over it', async () => {
    using repository = await makeRepository({
      'site/index.php': 'from <?= "site" ?>',
      'other/index.php': 'from <?= "another" ?>',
      'app.json': JSON.stringify({ env: { DOCUMENT_ROOT: 'site' } }),
    })
    const push = await repository.push(paas, 'given')
    expect(push.stderr).toContain('Document root: site (DOCUMENT_ROOT)')
    expect(push.exitCode).toBe(0)
    expect((await paas.get('given.localhost')).body).toBe('from site')
    await paas.ok('config:set -a given DOCUMENT_ROOT=other')
    await repository.commit({ 'note.txt': '' })
    expect((await repository.push(paas, 'given')).stderr).toContain('Document root: other (DOCUMENT_ROOT)')
    expect((await paas.get('given.localhost')).body).toBe('from another')
  }, 60_000)

  test('a request that is in flight when its container stops is finished', async () => {
    using repository = await makeRepository({ 'index.php': '<?php usleep(1500000); echo "whole";' })
    expect((await repository.push(paas, 'slow')).exitCode).toBe(0)
    const asked = paas.get('slow.localhost')
    await paas.ok('ps:restart -a slow')
    expect(await asked).toMatchObject({ status: 200, body: 'whole' })
  }, 60_000)

  test('Composer installs a package of the tree, and the autoloader finds it', async () => {
    using repository = await fixture('composer')
    const push = await repository.push(paas, 'composer')
    expect(push.exitCode, push.stderr).toBe(0)
    expect((await paas.get('composer.localhost')).body).toBe('Good day, composer\n')
  }, 90_000)

  test('Composer installs from a package server; unchanged, nothing is installed again', async () => {
    using repository = await makeRepository({
      'composer.json': JSON.stringify({
        config: { 'secure-http': false },
        require: { 'example/far': '1.0.0' },
      }),
      'composer.lock': JSON.stringify({
        'content-hash': '0'.repeat(32),
        packages: [packages.locked],
        'packages-dev': [],
        'minimum-stability': 'stable',
        'stability-flags': [],
        'prefer-stable': false,
        'prefer-lowest': false,
        platform: [],
        'platform-dev': [],
      }),
      'index.php': '<?php require "vendor/autoload.php"; echo Far\\hello();',
    })
    const push = await repository.push(paas, 'far')
    expect(push.exitCode, push.stderr).toBe(0)
    expect((await paas.get('far.localhost')).body).toBe('from far away')
    const asked = packages.asked()
    await repository.commit({ 'more.txt': 'x' })
    const second = await repository.push(paas, 'far')
    expect(second.stderr).toMatch(/CACHED .*composer install/)
    expect(second.exitCode).toBe(0)
    expect(packages.asked()).toBe(asked)
  }, 120_000)

  test('COMPOSER_REPOSITORY is asked for the locked versions, whatever addresses composer.lock has', async () => {
    using repository = await makeRepository({
      'composer.json': JSON.stringify({ require: { 'example/far': '^1.0' } }),
      'composer.lock': JSON.stringify({
        'content-hash': '0'.repeat(32),
        packages: [
          {
            ...packages.locked,
            dist: { type: 'zip', url: 'http://127.0.0.1:9/far.zip', reference: 'b', shasum: '' },
          },
        ],
        'packages-dev': [],
        'minimum-stability': 'stable',
        'stability-flags': [],
        'prefer-stable': false,
        'prefer-lowest': false,
        platform: [],
        'platform-dev': [],
      }),
      'index.php': '<?php require "vendor/autoload.php"; echo Far\\hello();',
    })
    await paas.ok('apps:create mirrored')
    await paas.ok(`config:set mirrored --no-restart COMPOSER_REPOSITORY=${packages.url}`)
    const push = await repository.push(paas, 'mirrored')
    expect(push.stderr).toContain('(COMPOSER_REPOSITORY), in the versions of composer.lock')
    expect(push.exitCode, push.stderr).toBe(0)
    // Version 1.1.0 of the index is not what is locked.
    expect((await paas.get('mirrored.localhost')).body).toBe('from far away')
    const asked = packages.asked()
    await repository.commit({ 'more.txt': 'x' })
    const second = await repository.push(paas, 'mirrored')
    expect(second.stderr).toMatch(/CACHED .*composer update mirrors/)
    expect(second.exitCode).toBe(0)
    expect(packages.asked()).toBe(asked)
  }, 120_000)

  test('an install that fails refuses the push with its last lines', async () => {
    using repository = await makeRepository({
      'index.php': '<?php',
      'composer.json': '{"require":{"example/gone":"1.0.0"},"config":{"secure-http":false}}',
      'composer.lock': JSON.stringify({
        packages: [
          {
            name: 'example/gone',
            version: '1.0.0',
            dist: { type: 'zip', url: 'http://127.0.0.1:9/gone.zip', reference: 'a' },
            type: 'library',
          },
        ],
        'packages-dev': [],
        platform: [],
      }),
    })
    const push = await repository.push(paas, 'gone')
    expect(push.exitCode).toBe(1)
    expect(push.stderr).toContain('http://127.0.0.1:9/gone.zip')
  }, 60_000)
})

test('a version that this server lacks is built on the official image, where the image registry has it, else the push says what there is', async () => {
  await using registry = await registryWithPhp('8.4-apache')
  await using paas = await startInstance({ PAAS_IMAGE_REGISTRY: registry.host })
  using repository = await fixture('composer')
  const manifest = (php: string, more: object = {}): string =>
    JSON.stringify({
      repositories: [
        { type: 'path', url: 'packages/greeting', options: { symlink: false } },
        { 'packagist.org': false },
      ],
      require: { php, 'ext-bcmath': '*', 'example/greeting': '1.0.0', ...more },
      autoload: { 'psr-4': { 'Site\\': 'src/' } },
      // What stands in for PHP 8.4 is this server's.
      config: { platform: { php: '8.4.1' }, 'platform-check': false },
    })
  await repository.commit({
    'composer.json': manifest('^8.4'),
    'web/index.php':
      '<?php require __DIR__ . "/../vendor/autoload.php"; echo getenv("FROM"), ", ", posix_getuid(), ", ", bcadd("1", "2"), ", ", ini_get("upload_max_filesize"), ", ", Site\\Page::text();',
  })
  const push = await repository.push(paas, 'newer')
  expect(push.stderr).toContain(
    `official image ${registry.host}/library/php:8.4-apache (composer.json: ^8.4)`,
  )
  expect(push.exitCode, push.stderr).toBe(0)
  expect((await paas.get('newer.localhost')).body).toBe('registry, 1000, 3, 64M, Good day, composer')
  expect((await paas.get('newer.localhost', '/.htaccess')).status).toBe(403)

  await repository.commit({ 'composer.json': manifest('~8.3.0') })
  const refused = await repository.push(paas, 'newer')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('There is PHP 8.2: change require.php')
  expect(refused.stderr).toContain(`The image registry ${registry.host} has none that fits either`)
  expect((await paas.get('newer.localhost')).status).toBe(200)
}, 180_000)

test('a range is met by the newest official image that the registry has, with what is asked for compiled', async () => {
  await using registry = await imageRegistry('php:8.4-apache', 'paas/busybox:latest')
  const settings = { imageRegistry: registry.host }
  const of = (require: Readonly<Record<string, string>>) =>
    plan({ 'index.php': '<?php', 'composer.json': JSON.stringify({ require }) }, settings)
  const { dockerfile } = await of({ php: '>=8.3', 'ext-gd': '*', 'ext-json': '*', 'ext-zend-opcache': '*' })
  expect(dockerfile).toContain(`FROM ${registry.host}/library/php:8.4-apache\n`)
  expect(dockerfile).toContain('for name in gd mysqli opcache pdo_mysql; do')
  expect(dockerfile).toMatch(/apt-get install -y --no-install-recommends .*libpng-dev/)
  expect((await of({ php: '^8.1' })).dockerfile).toContain('FROM paas/php:8.2\n')
  await expect(of({ php: '8.4.3' })).rejects.toThrow('There is no PHP "8.4.3"')
  await expect(of({ php: '^8.3', 'ext-redis': '*' })).rejects.toThrow('There is no PHP extension "redis"')
  await expect(of({ php: '^5.6' })).rejects.toMatchObject({
    next: expect.stringContaining('There is PHP 8.2: change require.php'),
  })
})

/**
 * A registry whose image is our base image as an official one looks: another user, PHP below /usr/local, one port, no
 * Composer, a program that compiles extensions, and one of them left out until it has.
 */
async function registryWithPhp(tag: string) {
  const mark = uniqueName('paas-test-php')
  const input = [
    'FROM paas/php:8.2',
    "RUN sed -i 's/1000:1000/33:33/' /etc/passwd && sed -i 's/:1000:/:33:/' /etc/group",
    'RUN mv /usr/lib/apache2/modules/libphp8.2.so /usr/lib/apache2/modules/libphp.so && mkdir -p /usr/local/etc/php',
    'RUN cp /usr/bin/php8.2 /usr/local/bin/php && rm -rf /usr/bin/php* /usr/bin/composer /usr/bin/unzip /usr/share/php',
    'RUN rm -f /usr/local/bin/start-apache /usr/local/bin/heroku-php-apache2 /etc/php/8.2/*/php.ini /etc/apache2/apache2.conf',
    "RUN sed -i '/bcmath/d' /etc/php/8.2/*/conf.d/extensions.ini",
    'RUN printf \'#!/bin/sh\\nfor ini in /etc/php/8.2/*/conf.d/extensions.ini; do echo "extension=$1.so" >> "$ini"; done\\n\' > /usr/local/bin/docker-php-ext-install',
    'RUN printf \'#!/bin/sh\\nexec "$@"\\n\' > /usr/local/bin/docker-php-entrypoint && chmod +x /usr/local/bin/*',
    'ENV FROM=registry PHPRC=/usr/local/etc/php',
    'STOPSIGNAL SIGWINCH',
    'EXPOSE 80',
    'WORKDIR /var/www/html',
    'ENTRYPOINT ["docker-php-entrypoint"]',
    'CMD ["apache2-foreground"]',
  ].join('\n')
  await execa('docker', ['build', '--quiet', '--tag', mark, '-'], { input })
  try {
    return await imageRegistry(`php:${tag}`, mark)
  } finally {
    await execa('docker', ['rmi', '--force', mark])
  }
}

test('the folder that is served is public, web, htdocs or the root, in this order', async () => {
  const folder = async (files: readonly string[]): Promise<string | undefined> => {
    const { dockerfile } = await plan(Object.fromEntries(files.map((file) => [file, '<?php'])))
    return /APACHE_FOLDER=(.*)/.exec(dockerfile)?.[1]
  }
  expect(await folder(['index.php', 'public/index.php', 'web/index.php'])).toBe('public')
  expect(await folder(['index.php', 'htdocs/index.php', 'web/index.php'])).toBe('web')
  expect(await folder(['index.php', 'htdocs/index.php'])).toBe('htdocs')
  expect(await folder(['index.php', 'other/index.php'])).toBeUndefined()
})

test('a COMPOSER_REPOSITORY that is no address is refused', async () => {
  const planned = plan({ 'index.php': '<?php' }, { config: { COMPOSER_REPOSITORY: '--help' } })
  await expect(planned).rejects.toThrow('is no address of a package index')
})

test.each(['nowhere', '../..', 'public/index.php'])('DOCUMENT_ROOT=%s is refused', async (folder) => {
  const planned = plan({ 'public/index.php': '<?php' }, { config: { DOCUMENT_ROOT: folder } })
  await expect(planned).rejects.toThrow('which DOCUMENT_ROOT names')
})

test.each([
  ['^8.1', true],
  ['~8.1', true],
  ['~8.1.0', false],
  ['>=7.4 <8.3', true],
  ['>=7.4,<8.0', false],
  ['^7.4|^8.0', true],
  ['8.2.*', true],
  ['>=8.2.7', true],
  ['^8.3', false],
  ['7.4.* || 8.4.*', false],
])('composer.json that requires PHP %s fits: %s', async (range, fits) => {
  const planned = plan({ 'index.php': '<?php', 'composer.json': JSON.stringify({ require: { php: range } }) })
  if (fits) await expect(planned).resolves.toBeDefined()
  else await expect(planned).rejects.toMatchObject({ message: expect.stringContaining('There is no PHP') })
})

test('an app without a page needs none where its Procfile names another process', async () => {
  const { processes } = await plan(
    { 'composer.json': '{}', 'work.php': '<?php' },
    { procfile: { worker: 'php work.php' } },
  )
  expect(processes).toEqual({})
})

type PackageServer = AsyncDisposable & { readonly url: string; readonly locked: object; asked(): number }

/** Serves one package as a zip to builds, and an index that has it and a newer one. */
async function packageServer(): Promise<PackageServer> {
  const archive = zip({
    'far/composer.json': '{"name":"example/far","autoload":{"files":["far.php"]}}',
    'far/far.php': '<?php namespace Far; function hello() { return "from far away"; }',
  })
  let asked = 0
  let index = ''
  const server = createServer(({ url }, response) => {
    asked += 1
    if (url === '/packages.json') response.end(index)
    else response.writeHead(url === '/far.zip' ? 200 : 404).end(archive)
  })
  const { host, port } = await buildGateway(server)
  const url = `http://${host}:${port}`
  const locked = {
    name: 'example/far',
    version: '1.0.0',
    dist: { type: 'zip', url: `${url}/far.zip`, reference: 'a', shasum: '' },
    type: 'library',
    autoload: { files: ['far.php'] },
  }
  const newer = {
    ...locked,
    version: '1.1.0',
    dist: { ...locked.dist, url: `${url}/newer.zip`, reference: 'n' },
  }
  index = JSON.stringify({ packages: { 'example/far': { '1.0.0': locked, '1.1.0': newer } } })
  return {
    url,
    locked,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
