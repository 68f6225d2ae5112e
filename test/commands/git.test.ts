import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { type ImageRegistry, imageRegistry } from '../buildpacks/image-registry.ts'
import { startInstance, type TestInstance, uniqueName } from '../instance.ts'
import { made } from '../made.ts'
import { addPerson, type Person } from '../person.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

const local = `${uniqueName('paas-test')}:1`
let paas: TestInstance
let registry: ImageRegistry
let ann: Person

beforeAll(async () => {
  await buildLocal('made elsewhere')
  registry = await imageRegistry('web:2', local)
  paas = await startInstance()
  ann = await addPerson(paas, 'ann')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
  const names = [local, `${registry?.host}/library/web:2`]
  await execa('docker', ['rmi', '--force', ...names], { reject: false })
})

/** An image that somebody has built on the server by hand. */
async function buildLocal(page: string): Promise<void> {
  using source = await makeRepository({
    Dockerfile: [
      'FROM paas/busybox',
      'WORKDIR /srv',
      'COPY . .',
      'EXPOSE 8123',
      'ENTRYPOINT ["busybox"]',
      'CMD ["httpd", "-f", "-p", "8123", "-h", "/srv/www"]',
      '',
    ].join('\n'),
    'www/index.html': `${page}\n`,
    'app.json': JSON.stringify({ env: { SALT: { generator: 'secret' } } }),
  })
  await execa('docker', ['build', '--quiet', '--tag', local, source.path])
}

test('an image by its name serves as it says itself, with what its app.json asks for', async () => {
  await paas.ok('apps:create blog')
  const ran = await paas.ssh(`git:from-image blog ${local}`)
  expect(ran.exitCode, ran.stderr).toBe(0)
  expect(ran.stdout).toContain('http://blog.localhost')
  expect((await paas.get('blog.localhost')).body).toBe('made elsewhere\n')
  expect(JSON.parse(await paas.ok('ports blog --json'))).toMatchObject({ running: 8123 })
  expect(await paas.ok('config:get blog SALT')).toMatch(/^[0-9a-f]{64}\n$/)
  expect(await paas.ok('releases:info blog v1')).toMatch(new RegExp(`Image ${local}, sha256:[0-9a-f]{12}`))
})

test('the release is pinned: it outlives the name, and a rollback brings it back', async () => {
  await buildLocal('the next one')
  await paas.ok(`addimage --app blog ${local}`)
  expect((await paas.get('blog.localhost')).body).toBe('the next one\n')
  expect((await made(paas, 'blog')).images).toHaveLength(2)
  await execa('docker', ['rmi', '--force', local])
  await paas.ok('rollback blog')
  expect((await paas.get('blog.localhost')).body).toBe('made elsewhere\n')
})

test('a second app comes from the same image in two commands, with secrets of its own', async () => {
  await paas.ok('apps:create blog2')
  await paas.ok('git:from-image blog2 blog@v1')
  expect((await paas.get('blog2.localhost')).body).toBe('made elsewhere\n')
  const salts = await Promise.all(['blog', 'blog2'].map((app) => paas.ok(`config:get -a ${app} SALT`)))
  expect(new Set(salts).size).toBe(2)
  await paas.ok('destroy blog2 --force')
  expect((await paas.get('blog.localhost')).body).toBe('made elsewhere\n')

  const none = await paas.ssh('git:from-image blog blog@v99')
  expect(none.stderr).toContain('releases blog')
})

test('the image of a pushed app brings its processes along', async () => {
  using repository = await makeRepository({
    ...staticApp('pushed'),
    Procfile: 'web: exec busybox httpd -f -p $PORT -h /www\nclock: sleep 1000\n',
  })
  expect((await repository.push(paas, 'pushed')).exitCode).toBe(0)
  await paas.ok('apps:create copy')
  await paas.ok('git:from-image copy pushed@v1')
  expect((await paas.get('copy.localhost')).body).toBe('pushed\n')
  await paas.ok('scale copy clock=1')
})

test('an image that is not here comes from its registry', async () => {
  await paas.ok('apps:create pulled')
  const name = `${registry.host}/library/web:2`
  const first = await paas.ssh(`git:from-image pulled ${name}`)
  expect(first.exitCode, first.stderr).toBe(0)
  expect(first.stdout).toContain(`Pulling ${name}`)
  expect((await paas.get('pulled.localhost')).body).toBe('made elsewhere\n')
  expect((await paas.ssh(`git:from-image pulled ${name}`)).stdout).not.toContain('Pulling')
  expect((await paas.ssh(`git:from-image pulled ${name} --pull`)).stdout).toContain('Pulling')
})

test.each([
  ['registry.invalid/none:1', 1, 'cannot be pulled'],
  ['paas/none:1', 1, 'make base-images'],
  ['sha256:abcdef', 64, 'is not an image'],
  ['--', 64, 'needs IMAGE'],
  ['Blog:1', 64, 'is not an image'],
  ['blog/../../x', 64, 'is not an image'],
])('git:from-image %s leaves the app as it is', async (word, exitCode, words) => {
  const ran = await paas.ssh(`git:from-image --app blog ${word}`)
  expect(ran.exitCode, ran.stderr).toBe(exitCode)
  expect(ran.stderr).toContain(words)
  expect(ran.stderr).not.toContain('Internal error')
  expect((await paas.get('blog.localhost')).body).toBe('made elsewhere\n')
})

test("another app's image is had by who may change that app, and by no other name", async () => {
  const { images } = await made(paas, 'blog')
  const { stdout: tag } = await execa('docker', [
    'inspect',
    '--format',
    '{{index .RepoTags 0}}',
    images[0] ?? '',
  ])
  const named = await paas.ssh(`git:from-image --app pulled ${tag}`)
  expect(named.stderr).toContain('is the image of an app')

  expect((await ann.ssh('apps:create hers')).exitCode).toBe(0)
  expect((await ann.ssh('git:from-image hers blog@v1')).exitCode).toBe(20)
  await paas.ok('access:add blog ann -r viewer')
  expect((await ann.ssh('git:from-image hers blog@v1')).exitCode).toBe(77)
  await paas.ok('access:add blog ann -r developer')
  expect((await ann.ssh('git:from-image hers blog@v1')).exitCode).toBe(0)
})
