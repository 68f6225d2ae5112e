import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import node from '../../buildpacks/node/buildpack.ts'
import type { BuildPlan, BuildSettings } from '../../server/build/buildpack.ts'
import { UnavailableError, UserError } from '../../server/errors.ts'
import { repositoryOf } from '../examples/example.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { made } from '../made.ts'
import { makeRepository, type Repository } from '../repository.ts'
import { plainSettings, textTree } from './folder-tree.ts'

const fixture = (name: string): Promise<Repository> =>
  repositoryOf(join(import.meta.dirname, '..', '..', 'buildpacks', 'node', 'fixtures', name))

const plan = (
  contents: Readonly<Record<string, string>>,
  settings: Partial<BuildSettings> = {},
): Promise<BuildPlan> => node.plan(textTree(contents), { ...plainSettings, ...settings })

const manifest = (content: object): string => JSON.stringify({ name: 'x', ...content })

describe('pushed for real', () => {
  let paas: TestInstance
  beforeAll(async () => {
    paas = await startInstance()
  })
  afterAll(async () => {
    await paas?.[Symbol.asyncDispose]()
  })

  test.each([
    ['npm', /^60000 v24\.\S+ 1\.2\.3 1000$/],
    ['yarn', /^60000 v24\.\S+ undefined 1000$/],
    ['yarn-modern', /^60000 v24\.\S+ undefined 1000$/],
    ['workspaces', /^hello from a workspace$/],
    ['no-dependencies', /^nothing installed$/],
    ['site', /^<h1>Made by the build script<\/h1>$/],
  ])(
    '%s: what the lockfile names is installed, and the page comes',
    async (name, page) => {
      using repository = await fixture(name)
      const push = await repository.push(paas, name)
      expect(push.exitCode, push.stderr).toBe(0)
      expect((await paas.get(`${name}.localhost`)).body.trim()).toMatch(page)
    },
    120_000,
  )

  test('pnpm, another Node.js, a build script that sees config: devDependencies and its values are gone from the image', async () => {
    using repository = await fixture('pnpm-build')
    await paas.ok('apps:create pnpm')
    await paas.ok('config:set pnpm BUILD_WORD=only-in-the-build')
    const push = await repository.push(paas, 'pnpm')
    expect(push.exitCode, push.stderr).toBe(0)
    expect(JSON.parse((await paas.get('pnpm.localhost')).body)).toEqual({
      ms: 60_000,
      node: expect.stringMatching(/^v22\./),
      built: { with: 'function', token: 'only-in-the-build' },
      devDependencies: false,
    })
    const [container = ''] = (await made(paas, 'pnpm')).containers
    const image = (await execa('docker', ['inspect', '--format', '{{.Image}}', container])).stdout
    const history = (await execa('docker', ['history', '--no-trunc', image])).stdout
    expect(history).toContain('COPY')
    expect(history).not.toContain('only-in-the-build')
    expect(await paas.ok('git:report pnpm --dockerfile')).toMatch(
      /npm install .*node-linux-\w+@22\.[\d.]+ pnpm@9\.15\.9/,
    )
  }, 240_000)

  test('an install that fails shows its last lines, and the page stays', async () => {
    using repository = await fixture('no-dependencies')
    expect((await repository.push(paas, 'failing')).exitCode).toBe(0)
    await repository.commit({
      'package.json': manifest({ main: 'index.js', dependencies: { ms: '2.1.3' } }),
      'package-lock.json': JSON.stringify({ name: 'x', lockfileVersion: 3, packages: { '': { name: 'x' } } }),
    })
    const push = await repository.push(paas, 'failing')
    expect(push.exitCode).not.toBe(0)
    expect(push.stderr).toContain('Missing: ms@2.1.3 from lock file')
    expect(push.stderr).toMatch(/Build failed at .*npm ci/)
    expect((await paas.get('failing.localhost')).body).toBe('nothing installed\n')
  }, 120_000)

  test('a base image that is not there is refused before Docker asks a registry for it', async () => {
    using repository = await makeRepository({ Dockerfile: 'FROM paas/nothing:1\n' })
    const push = await repository.push(paas, 'nothing')
    expect(push.exitCode).not.toBe(0)
    expect(push.stderr).toContain('The base image paas/nothing:1 is not on this server')
    expect(push.stderr).toContain('make base-images')
  })

  test('builder:set chooses against the files, and says when the tree has nothing for it', async () => {
    using repository = await fixture('no-dependencies')
    await repository.commit({ 'site/index.html': 'as files\n', Dockerfile: 'FROM paas/nothing:1\n' })
    await paas.ok('apps:create chosen')
    await paas.ok('builder:set chosen selected static')
    expect((await repository.push(paas, 'chosen')).stderr).toContain(
      'The static buildpack finds nothing to build: the pushed tree has none of index.html, static.json',
    )
    await paas.ok('config:set chosen STATIC_ROOT=site')
    const push = await repository.push(paas, 'chosen')
    expect(push.exitCode, push.stderr).toBe(0)
    expect((await paas.get('chosen.localhost')).body).toBe('as files\n')

    for (const [words, message] of [
      ['selected cobol', 'There are dockerfile, '],
      ['build-dir ../other', 'is not a path within the repository'],
      ['colour red', 'build-dir'],
    ]) {
      const refused = await paas.ssh(`builder:set chosen ${words}`)
      expect(refused.exitCode).not.toBe(0)
      expect(refused.stderr).toContain(message)
    }
    await paas.ok('builder:set chosen build-dir nowhere')
    expect((await repository.push(paas, 'chosen', 'main:main', ['--force'])).exitCode).toBe(0)
    await repository.commit({ 'more.txt': 'x' })
    expect((await repository.push(paas, 'chosen')).stderr).toContain('The commit has no folder "nowhere"')
  }, 120_000)
})

describe('engines.node', () => {
  const versions = ['4.9.1', '12.22.12', '18.20.8', '20.19.0', '20.19.5', '22.21.0', 'nonsense']
  let registry: Server
  let asked = 0
  let npmRegistry: string
  beforeAll(async () => {
    registry = createServer((_request, response) => {
      asked += 1
      response.end(JSON.stringify({ versions: Object.fromEntries(versions.map((each) => [each, {}])) }))
    })
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
    const address = registry.address()
    npmRegistry = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/npm`
  })
  afterAll(() => {
    registry.close()
  })

  const planned = (range: string): Promise<BuildPlan> =>
    plan({ 'package.json': manifest({ engines: { node: range } }), 'index.js': '' }, { npmRegistry })

  test('a range that holds the base image’s own asks nobody', async () => {
    const { dockerfile } = await planned('>=18')
    expect(dockerfile).not.toContain('node-linux')
    expect(asked).toBe(0)
  })

  test('the newest of a range is chosen, by its exact version, and npm fits it', async () => {
    expect((await planned('20.x')).dockerfile).toMatch(/node-linux-\w+@20\.19\.5/)
    expect((await planned('^12')).dockerfile).toMatch(/node-linux-\w+@12\.22\.12/)
    expect(asked).toBe(1)
  })

  test.each(['99.x', '4.x', '20.19.4'])('%s is not there: the message says which are', async (range) => {
    await expect(planned(range)).rejects.toThrow(UserError)
    await expect(planned(range)).rejects.toMatchObject({
      message: expect.stringContaining(range),
      next: expect.stringContaining('12.22.12, 18.20.8, 20.19.5, 22.21.0'),
    })
  })

  test('a registry that does not answer is said, with what works without it', async () => {
    const contents = { 'package.json': manifest({ engines: { node: '20.x' } }), 'index.js': '' }
    const failing = plan(contents, { npmRegistry: 'http://127.0.0.1:9/' })
    await expect(failing).rejects.toThrow(UnavailableError)
    await expect(failing).rejects.toMatchObject({ next: expect.stringContaining(process.versions.node) })
  })
})

describe('what starts', () => {
  test.each([
    [{ scripts: { start: 'node app.js --x' } }, 'node app.js --x'],
    [{ scripts: { start: 'node app.js', prestart: 'echo' } }, 'npm start'],
    [{ scripts: { start: 'node app.js $npm_config_x' } }, 'npm start'],
    [{ scripts: { start: 'node app.js\nweb: other' } }, 'npm start'],
    [{ main: './lib/main.js' }, 'node lib/main.js'],
    [{ main: 'missing.js' }, 'node server.js'],
  ])('%j: %s', async (content, web) => {
    const files = { 'package.json': manifest(content), 'server.js': '', 'lib/main.js': '' }
    expect((await plan(files)).processes).toEqual({ web })
  })

  test('a Procfile says all, unless it names only the release command', async () => {
    const files = { 'package.json': manifest({ scripts: { start: 'node a.js' } }) }
    expect((await plan(files, { procfile: { worker: 'node w.js' } })).processes).toEqual({})
    expect((await plan(files, { procfile: { release: 'node m.js' } })).processes).toEqual({
      web: 'node a.js',
    })
  })
})

describe('what comes before the install', () => {
  const lock = { 'package-lock.json': '{}', 'index.js': '' }
  const copies = async (files: Record<string, string>, settings: Partial<BuildSettings> = {}) =>
    (await plan({ ...lock, ...files }, settings)).dockerfile
      .split('\n')
      .filter((line) => /^(COPY|ARG|RUN --mount)/.test(line))

  test('the lockfile alone, so that its layer lasts', async () => {
    const lines = await copies({ 'package.json': manifest({ dependencies: { ms: '2.1.3' } }) })
    expect(lines[1]).toMatch(/^COPY .*package\.json package-lock\.json \.\/$/)
    expect(lines[2]).toContain('npm ci --omit=dev')
    expect(lines[3]).toMatch(/^COPY .* \. \.$/)
  })

  test.each([
    ['a postinstall script', { scripts: { postinstall: 'node x.js' } }],
    ['a dependency in the tree', { dependencies: { x: 'file:./x' } }],
  ])('the whole tree where %s may read it', async (_what, content) => {
    const lines = await copies({ 'package.json': manifest(content) })
    expect(lines[1]).toMatch(/^COPY .* \. \.$/)
  })

  test('a config var that .npmrc mentions; other config only for the build script', async () => {
    const config = { NPM_TOKEN: 't', OTHER: 'o', PATH: '/evil' }
    // biome-ignore lint/suspicious/noTemplateCurlyInString: npm fills it in
    const npmrc = { '.npmrc': '//r.example/:_authToken=${NPM_TOKEN}\n${UNSET}' }
    const plain = await copies({ 'package.json': manifest({}), ...npmrc }, { config })
    expect(plain.filter((line) => line.startsWith('ARG'))).toEqual([
      'ARG NPM_CONFIG_REGISTRY',
      'ARG NPM_TOKEN',
    ])
    const built = await copies(
      { 'package.json': manifest({ scripts: { build: 'x' } }), ...npmrc },
      { config },
    )
    expect(built).toContain('ARG OTHER')
    expect(built.join()).not.toContain('PATH')
  })

  test('nothing of a stranger’s becomes a word of the Dockerfile', async () => {
    const hostile = 'x\nRUN touch /evil'
    const files = {
      'package.json': manifest({ name: hostile, version: hostile, workspaces: ['*'], main: hostile }),
      [`${hostile}/package.json`]: '{}',
      [hostile]: '',
      ...lock,
    }
    expect((await plan(files)).dockerfile).not.toContain('evil')
  })
})
