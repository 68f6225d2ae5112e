import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { type ImageRegistry, imageRegistry } from '../buildpacks/image-registry.ts'
import { startInstance, type TestInstance, uniqueName, until } from '../instance.ts'
import { made } from '../made.ts'
import { addPerson, type Person } from '../person.ts'
import { makeRepository } from '../repository.ts'
import { serveGit, webServer } from '../web-server.ts'

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
  await execa('docker', ['rmi', '--force', local], { reject: false })
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

test('a locked app takes neither image nor archive', async () => {
  await paas.ok('apps:lock copy')
  const archive = await archiveOf('locked')
  for (const ran of [
    await paas.ssh('git:from-image copy pushed@v1'),
    await paas.ssh('git:from-archive copy -', { input: archive }),
  ]) {
    expect(ran.exitCode).toBe(1)
    expect(ran.stderr).toContain('apps:unlock copy')
  }
  await paas.ok('apps:unlock copy')
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

/** A tar of what staticApp has, in a folder as most sites pack it. */
async function archiveOf(text: string, prefix = ''): Promise<Buffer> {
  using repository = await makeRepository(staticApp(text))
  const words = ['archive', '--format=tar.gz', `--prefix=${prefix}`, 'HEAD']
  const { stdout } = await execa('git', words, { cwd: repository.path, encoding: 'buffer' })
  return Buffer.from(stdout)
}

test('an archive from stdin is deployed as a push of its files, and a clone has them', async () => {
  await paas.ok('apps:create packed')
  const ran = await paas.ssh('git:from-archive packed -', { input: await archiveOf('from a tar') })
  expect(ran.exitCode, ran.stderr).toBe(0)
  expect(ran.stdout).toContain('http://packed.localhost')
  expect((await paas.get('packed.localhost')).body).toBe('from a tar\n')

  // Executable files stay so, and the next one stands on the first.
  expect((await paas.get('packed.localhost', '/cgi-bin/environment')).body).toContain('GIT_REV=')
  await paas.ok('git:from-archive packed -', { input: await archiveOf('in a folder', 'blog-1.2/') })
  expect((await paas.get('packed.localhost')).body).toBe('in a folder\n')
  using repository = await makeRepository()
  const environment = { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes` }
  await repository.git(['pull', 'paas:packed', 'main'], { environment })
  expect((await repository.git(['log', '--format=%s'])).stdout.split('\n')).toHaveLength(2)
  expect((await repository.git(['show', 'HEAD:www/index.html'])).stdout).toBe('in a folder')
  await paas.ok('ps:rebuild packed')
})

test('an archive that is broken leaves release, branch and repository as they were', async () => {
  const whole = await archiveOf('broken')
  const before = await repositoryFiles('packed')
  for (const input of [whole.subarray(0, whole.length - 20), 'no archive', '']) {
    const ran = await paas.ssh('git:from-archive packed -', { input })
    expect(ran.exitCode, ran.stderr).toBe(1)
    expect(ran.stderr).toContain('git archive HEAD')
  }
  expect((await paas.get('packed.localhost')).body).toBe('in a folder\n')
  await until('what they left is gone', async () => (await repositoryFiles('packed')).crashes.length === 0)
  const after = await repositoryFiles('packed')
  expect(after.refs).toEqual(before.refs)
})

async function repositoryFiles(app: string): Promise<{ refs: string; crashes: readonly string[] }> {
  const { id } = JSON.parse(await paas.ok(`apps:report ${app} --json`)) as { id: string }
  const folder = join(paas.home, 'repositories', `${id}.git`)
  const { stdout: refs } = await execa('git', ['for-each-ref'], { cwd: folder })
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return { refs, crashes: files.filter((file) => /fast_import_crash|tmp_/.test(file)) }
}

test('an archive comes from an address, by way of others; from a private one for admins who say so', async () => {
  const archive = await archiveOf('from the web')
  const logins: (string | undefined)[] = []
  await using second = await webServer((request, response) => {
    logins.push(request.headers.authorization)
    response.end(archive)
  })
  await using first = await webServer((request, response) => {
    logins.push(request.headers.authorization)
    const to =
      request.url === '/loop' ? '/loop' : request.url === '/file' ? 'file:///etc/passwd' : second.origin
    response.writeHead(request.url === '/none' ? 404 : 302, { location: to }).end()
  })
  const { origin } = first
  const refused = await paas.ssh(`git:from-archive packed ${origin}/blog.tar.gz`)
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('private network')
  expect(logins).toEqual([])
  await paas.ok('access:add packed ann -r developer')
  expect((await ann.ssh(`git:from-archive packed --private ${origin}/x`)).exitCode).toBe(77)

  const own = origin.replace('//', '//ann:secret-token@')
  const ran = await paas.ssh(`git:from-archive packed --private ${own}/blog.tar.gz`)
  expect(ran.exitCode, ran.stderr).toBe(0)
  expect((await paas.get('packed.localhost')).body).toBe('from the web\n')
  expect(logins).toEqual([`Basic ${Buffer.from('ann:secret-token').toString('base64')}`, undefined])
  expect(ran.stdout + (await paas.ok('audit'))).not.toContain('secret-token')

  for (const [path, words] of [
    ['/loop', 'on and on'],
    ['/file', 'no address of the web'],
    ['/none', 'answers 404'],
  ] as const) {
    const failed = await paas.ssh(`git:from-archive packed --private ${origin}${path}`)
    expect(failed.exitCode).toBe(1)
    expect(failed.stderr).toContain(words)
  }
})

test("another git server's commit is deployed, by branch, tag and commit, and only where it is another", async () => {
  using source = await makeRepository(staticApp('first'))
  const token = `Basic ${Buffer.from('x:secret-token').toString('base64')}`
  await using server = await webServer((request, response) => {
    const mayRead = !request.url?.startsWith('/closed/') || request.headers.authorization === token
    request.url = request.url?.replace('/closed/', '/')
    if (mayRead) serveGit(source.path, request, response)
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
  })
  const url = `${server.origin}/.git`
  await paas.ok('apps:create synced')
  const refused = await paas.ssh(`git:sync synced ${url}`)
  expect(refused.stderr).toContain('private network')

  await paas.ok(`git:sync synced --private ${url}`)
  expect((await paas.get('synced.localhost')).body).toBe('first\n')
  await source.git(['tag', '--annotate', '--message', 'one', 'v1'])
  await source.commit({ 'www/index.html': 'second\n' })
  await paas.ok(`git:sync synced --private ${url} main`)
  expect((await paas.get('synced.localhost')).body).toBe('second\n')
  const unchanged = await paas.ok(`git:sync synced --private ${url} main --build-if-changes`)
  expect(unchanged).toContain('already')
  expect(JSON.parse(await paas.ok('releases synced --json'))).toHaveLength(2)

  // An older one, by force.
  await paas.ok(`git:sync synced --private ${url} v1`)
  expect((await paas.get('synced.localhost')).body).toBe('first\n')
  const third = await source.commit({ 'www/index.html': 'third\n' })
  const closed = `${server.origin}/closed/.git`
  const asked = await paas.ssh(`git:sync synced --private ${closed} ${third}`)
  expect(asked.stderr).toContain('wants to know who asks')
  await paas.ok(`git:sync synced --private ${closed.replace('//', '//x:secret-token@')} ${third}`)
  expect((await paas.get('synced.localhost')).body).toBe('third\n')

  const none = await paas.ssh(`git:sync synced --private ${url} nothing`)
  expect(none.stderr).toContain('has no nothing')
  for (const bad of ['file:///etc', 'ext::sh', 'ssh://host/x', '-c'])
    expect((await paas.ssh(`git:sync --app synced --private -- ${bad}`)).exitCode, bad).toBe(64)
  expect((await paas.ssh(`git:sync synced --private ${url} --upload-pack=id`)).exitCode).toBe(64)
})
