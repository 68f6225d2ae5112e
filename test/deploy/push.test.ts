import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, uniqueName } from '../instance.ts'
import { made } from '../made.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance({ PAAS_SPARE_SANDBOXES: '16' })
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

test('a push becomes a page at APP.DOMAIN', async () => {
  using repository = await makeRepository(staticApp('first'))
  const push = await repository.push(paas, 'blog')
  expect(push.stderr).toContain('=====> Application deployed:')
  expect(push.stderr).toContain(`http://blog.localhost:${paas.httpPort}`)
  expect(push.exitCode).toBe(0)
  expect(await paas.get('blog.localhost')).toMatchObject({ status: 200, body: 'first\n' })
})

test('the next push replaces the page', async () => {
  using repository = await makeRepository(staticApp('first'))
  expect((await repository.push(paas, 'again')).exitCode).toBe(0)
  await repository.commit(staticApp('second'))
  expect((await repository.push(paas, 'again')).exitCode).toBe(0)
  expect((await paas.get('again.localhost')).body).toBe('second\n')
})

test('build output reaches the pusher while the build goes on', async () => {
  using repository = await makeRepository({
    ...staticApp('live'),
    // A number of its own, or the cache has it.
    Dockerfile: `FROM paas/busybox\nRUN echo early $((20 + 3)); sleep 2; echo late $((40 + 5)) # ${uniqueName('x')}\nCOPY www /www\nCMD ["/bin/sh", "-c", "exec busybox httpd -f -p $PORT -h /www"]\n`,
  })
  const push = repository.startPush(paas, 'live')
  await push.saw('early 23')
  expect(push.output()).not.toContain('late 45')
  const ended = await push.ended
  expect(ended.stderr).toMatch(/^remote: {8}late 45 *$/m)
  expect(ended.exitCode).toBe(0)
})

test('the context keeps exec bits, links and names, without what .dockerignore and export-ignore leave out', async () => {
  using repository = await makeRepository({
    Dockerfile: [
      'FROM paas/busybox',
      'COPY . /src',
      'RUN mkdir /www && cd /src && find . ! -type d -exec stat -c "%A %N" {} + | sort > /www/index.html',
      'CMD ["/bin/sh", "-c", "exec busybox httpd -f -p $PORT -h /www"]',
      '',
    ].join('\n'),
    'run.sh': '#!/bin/sh\n',
    'plain.txt': 'plain\n',
    'empty.txt': '',
    'with blank/ünï·文.txt': 'x\n',
    '.dockerignore': '# comment\n*.log\n!keep.log\nsecrets\n',
    'a.log': 'left out\n',
    'keep.log': 'kept\n',
    'secrets/key': 'left out\n',
    '.gitattributes': 'docs export-ignore\n',
    'docs/manual.txt': 'left out\n',
  })
  symlinkSync('plain.txt', join(repository.path, 'link'))
  symlinkSync('/nowhere', join(repository.path, 'dangling'))
  await repository.commit({})
  expect((await repository.push(paas, 'context')).exitCode).toBe(0)
  const listing = (await paas.get('context.localhost')).body
  expect(listing.trim().split('\n')).toEqual([
    '-rw-r--r-- ./.dockerignore',
    '-rw-r--r-- ./.gitattributes',
    '-rw-r--r-- ./Dockerfile',
    '-rw-r--r-- ./empty.txt',
    '-rw-r--r-- ./keep.log',
    '-rw-r--r-- ./plain.txt',
    '-rw-r--r-- ./with blank/ünï·文.txt',
    '-rwxr-xr-x ./run.sh',
    "lrwxrwxrwx './dangling' -> '/nowhere'",
    "lrwxrwxrwx './link' -> 'plain.txt'",
  ])
})

test('config fills the ARGs that the Dockerfile declares, byte for byte, and no others', async () => {
  await paas.ok('apps:create arguments')
  await paas.ok(`config:set arguments --no-restart GREETING='it'"'"'s $HOME "here"' SECRET=undeclared`)
  using repository = await makeRepository({
    Dockerfile: [
      'FROM paas/busybox',
      'ARG GREETING',
      'ARG COLOUR=green',
      'RUN mkdir /www && printf "%s|%s|%s" "$GREETING" "$COLOUR" "$SECRET" > /www/index.html',
      'CMD ["/bin/sh", "-c", "exec busybox httpd -f -p $PORT -h /www"]',
      '',
    ].join('\n'),
  })
  expect((await repository.push(paas, 'arguments')).exitCode).toBe(0)
  expect((await paas.get('arguments.localhost')).body).toBe(`it's $HOME "here"|green|`)
})

test('a first push whose build fails keeps the app and says so; a good push then works', async () => {
  using repository = await makeRepository({ Dockerfile: 'FROM paas/busybox\nRUN exit 4\n' })
  const refused = await repository.push(paas, 'begins')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('begins stays, without a release: correct it and push again')
  expect(await made(paas, 'begins')).toEqual({ containers: [], images: [] })

  await repository.commit(staticApp('mended'))
  expect((await repository.push(paas, 'begins')).exitCode).toBe(0)
  expect((await paas.get('begins.localhost')).body).toBe('mended\n')
})

test('an operator hook that refuses a step refuses the push, and its words are seen while it runs', async () => {
  const folder = join(paas.home, 'hooks', 'built')
  mkdirSync(folder, { recursive: true })
  const hook = join(folder, '10-scan')
  writeFileSync(
    hook,
    `#!/bin/sh
[ "$PAAS_APP" != scanned ] && exit 0
echo "$PAAS_APP at $PAAS_STEP"
until [ -e "$0.seen" ]; do sleep 0.05; done
seq 1 20000
exit 9
`,
  )
  chmodSync(hook, 0o755)
  using repository = await makeRepository(staticApp('scanned'))
  const push = repository.startPush(paas, 'scanned')
  await push.saw('scanned at built')
  writeFileSync(`${hook}.seen`, '')
  const refused = await push.ended
  expect(refused.stderr).toMatch(/^remote: {8}scanned at built *$/m)
  expect(refused.stderr).toMatch(/^remote: {8}20000 *$/m)
  expect(refused.stderr).toContain("The server's hook built/10-scan refused (exit code 9)")
  expect(refused.exitCode).toBe(1)
  expect(await made(paas, 'scanned')).toEqual({ containers: [], images: [] })
})
