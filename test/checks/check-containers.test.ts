import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { healthApp } from '../apps/health.ts'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { type Files, makeRepository, type Repository } from '../repository.ts'

vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(staticApp('good'))
  const push = await repository.push(paas, 'app')
  if (push.exitCode !== 0) throw new Error(push.stderr)
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

type Pushed = { readonly code: number; readonly said: string }

async function push(files: Files): Promise<Pushed> {
  await repository.git(['rm', '-rqf', '--ignore-unmatch', '.'])
  await repository.commit(files)
  const { exitCode, stderr } = await repository.push(paas, 'app')
  return { code: exitCode, said: stderr.replaceAll(/^remote: (.*?) *$/gm, '$1') }
}

/** Pushes `files`; returns what was said once it is sure that the release before serves as it did. */
async function refused(files: Files): Promise<string> {
  const page = (await paas.get('app.localhost')).body
  const release = await paas.ok('releases app -n 1 --json')
  const { code, said } = await push(files)
  expect(code, said).toBe(1)
  expect((await paas.get('app.localhost')).body).toBe(page)
  expect(await paas.ok('releases app -n 1 --json')).toBe(release)
  await repository.git(['reset', '--quiet', '--hard', 'HEAD~1'])
  return said
}

async function accepted(files: Files): Promise<string> {
  const { code, said } = await push(files)
  expect(code, said).toBe(0)
  return said
}

const web = (...checks: readonly object[]): object => ({ healthchecks: { web: checks } })
const quick = { wait: 1, timeout: 1, attempts: 2 }

test('a startup check that fails refuses the push with the last answer, made printable', async () => {
  const files = healthApp('ill', web({ ...quick, name: 'api', path: '/cgi-bin/health' }))
  const said = await refused({
    ...files,
    Dockerfile: String(files.Dockerfile).replace(
      'exec busybox',
      'mkdir -p /tmp; touch /tmp/ill; exec busybox',
    ),
  })
  expect(said).toContain(
    'web.1 failed its startup check "api" (GET /cgi-bin/health), 2 attempts: status 503: the database is away',
  )
  expect(said).toContain('web.1 has not passed "api" (GET /cgi-bin/health) yet (1 of 2): status 503')
})

test('a page without the wanted content is no answer', async () => {
  const said = await refused(healthApp('text', web({ ...quick, path: '/', content: 'other' })))
  expect(said).toContain('"other" is not in status 200: text')
})

test('where nothing listens, it is said what does', async () => {
  const said = await refused({
    ...healthApp('loop', web({ ...quick, type: 'readiness', listening: true })),
    Dockerfile:
      'FROM paas/busybox\nCOPY www /www\nCMD ["/bin/sh", "-c", "exec busybox httpd -f -p 127.0.0.1:$PORT -h /www"]\n',
  })
  expect(said).toContain('failed its readiness check listening, 2 attempts')
  expect(said).toContain('it listens on 127.0.0.1:5000; bind 0.0.0.0:5000')
})

test('a command that fails is shown with what it said, and one without end is bounded', async () => {
  const fails = { ...quick, attempts: 1, command: ['/bin/sh', '-c', 'echo the queue is away >&2; exit 9'] }
  expect(await refused(healthApp('c', web(fails)))).toContain('exit code 9: the queue is away')
  const hangs = { ...quick, attempts: 1, command: ['/bin/sh', '-c', 'sleep 700'] }
  expect(await refused(healthApp('c', web(hangs)))).toContain(': no end within 1 s')
})

test('what answers wrongly at first and then well is waited for, and holds nobody up', async () => {
  const check = { path: '/cgi-bin/health', wait: 60, timeout: 20, attempts: 1 }
  const files = healthApp('slow to wake', web(check))
  await accepted({
    ...files,
    Dockerfile: String(files.Dockerfile).replace(
      'exec busybox',
      'mkdir -p /tmp; touch /tmp/ill; (sleep 2; rm /tmp/ill) & exec busybox',
    ),
  })
  expect((await paas.get('app.localhost')).body).toBe('slow to wake\n')
})

test('an uptime makes the push wait, and one that dies within it is refused', async () => {
  const said = await refused({
    ...healthApp('brief', web({ uptime: 5 })),
    Dockerfile:
      'FROM paas/busybox\nCOPY www /www\nCMD ["/bin/sh", "-c", "busybox httpd -p $PORT -h /www; sleep 2; exit 5"]\n',
  })
  expect(said).toContain('web.1 exited with code 5 before it was live')
  const before = Date.now()
  await accepted(healthApp('steady', web({ uptime: 3 })))
  expect(Date.now() - before).toBeGreaterThan(3_000)
})

test('HEALTHCHECK is read from the image and run by us; Docker’s own runner stays out', async () => {
  const files = staticApp('image')
  const check = (command: string): string =>
    `HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD ${command}\n`
  const said = await refused({ ...files, Dockerfile: `${files.Dockerfile}${check('echo not yet; exit 1')}` })
  expect(said).toContain('failed its readiness check "HEALTHCHECK"')
  expect(said).toContain('exit code 1: not yet')
  await accepted({ ...files, Dockerfile: `${files.Dockerfile}${check('test -e /www/index.html')}` })
  const names = await execa('docker', [
    ...['ps', '-q', '--filter', `label=paas.instance=${paas.id}`],
    ...['--filter', 'label=paas.process'],
  ])
  const [newest = ''] = names.stdout.split('\n')
  const { stdout } = await execa('docker', ['inspect', '--format', '{{.State.Health}}', newest])
  expect(stdout).toBe('<nil>')
})

test('an old CHECKS file is read, what has no meaning is said, and app.json wins over it', async () => {
  const CHECKS = 'WAIT=1\nTIMEOUT=1\nATTEMPTS=1\nNONSENSE=1\n/ somebody else\n'
  const said = await refused({ ...staticApp('checks'), CHECKS })
  expect(said).toContain('CHECKS, line 4 is ignored: NONSENSE=1')
  expect(said).toContain('"somebody else" is not in status 200: checks')
  const wins = await accepted({ ...healthApp('json', web({ path: '/' })), CHECKS })
  expect(wins).toContain('CHECKS is ignored: app.json has healthchecks for web')
})

test('a broken check is refused by the name of its field', async () => {
  expect(await refused(healthApp('x', web({ attempts: 0 })))).toContain(
    'app.json cannot be read: "healthchecks.web[0].attempts" is not a whole number from 1 to 100',
  )
})

test('checks are part of the release: a rollback brings back its own', async () => {
  const names = async (): Promise<string[]> => {
    const { types } = JSON.parse(await paas.ok('checks app --json'))
    return types.flatMap((type: { checks: { name: string }[] }) => type.checks.map((check) => check.name))
  }
  await accepted(healthApp('one', web({ path: '/', name: 'first' })))
  await accepted(healthApp('two', web({ path: '/', name: 'second' })))
  expect(await names()).toEqual(['second'])
  await paas.ok('rollback app')
  expect(await names()).toEqual(['first'])
  await paas.ok('config:set app ANY=thing')
  expect(await names()).toEqual(['first'])
})

test('an app that is killed for its memory is told so with its limit, and why tells it again', async () => {
  await refused({
    Dockerfile: 'FROM paas/busybox\nCMD ["/bin/sh", "-c", "echo eating; exec tail /dev/zero"]\n',
  })
  const why = await paas.ok('why app')
  expect(why).toMatch(
    /The last deploy \(push by admin, .*\) failed: web\.1 was killed: out of memory \(limit 512 MB\)/,
  )
  expect(why).toContain('       eating')
  expect(why).toMatch(/\nType: git push paas:app main\n$/)
})
