import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from './apps/static.ts'
import './figure.ts'
import { startInstance, type TestInstance } from './instance.ts'
import { addPerson, type Person } from './person.ts'
import { makeRepository, type Repository } from './repository.ts'

// One who may create apps, against an app that is not his.
let paas: TestInstance
let mallory: Person
let repository: Repository
let own: TestInstance
const secret = randomBytes(12).toString('hex')
beforeAll(async () => {
  paas = await startInstance()
  mallory = await addPerson(paas, 'mallory')
  own = { ...paas, sshConfig: mallory.sshConfig }
  using victim = await makeRepository({ ...staticApp('the victim'), 'www/hidden': secret })
  expect((await victim.push(paas, 'victim')).exitCode).toBe(0)
  repository = await makeRepository(staticApp('mallory'))
  expect((await repository.push(own, 'mallory')).exitCode).toBe(0)
}, 120_000)
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

test("another app's image cannot be named, by no name that one can know", async ({ task }) => {
  const { id } = JSON.parse(await paas.ok('apps:report victim --json')) as { id: string }
  const filter = `label=paas.app-id=${id}`
  const { stdout } = await execa('docker', [
    'images',
    '--no-trunc',
    '--filter',
    filter,
    '--format',
    '{{.ID}}',
  ])
  const image = stdout.split('\n')[0] ?? ''
  expect(image).toMatch(/^sha256:/)
  // The id itself nobody but its app is told; a part of it could be tried out.
  const short = image.slice(7, 19)
  const names = ['victim', `paas-${id}`, `paas/${id}:v1`, short, `library/${short}`, image]
  let bytes = 0
  for (const name of names) {
    await repository.commit({
      Dockerfile: `FROM paas/busybox\nCOPY --from=${name} /www/hidden /stolen\nRUN cat /stolen\n`,
    })
    const push = await repository.push(own, 'mallory')
    expect(push.exitCode, name).toBe(1)
    if (push.stderr.includes(secret)) bytes += secret.length
  }
  task.meta.figure = { measured: `${bytes} bytes read by ${names.length} names` }
  expect(bytes).toBe(0)
}, 120_000)

test("another app's domain is taken in no spelling, and no spelling of a Host reaches another app", async ({
  task,
}) => {
  const spellings = [
    ...[
      'victim.localhost',
      'VICTIM.localhost',
      'Victim.LocalHost.',
      'victim.localhost:80',
      '*.localhost',
      '*',
    ],
    ...[
      'victim.localhost/',
      'http://victim.localhost',
      'victim..localhost',
      '.victim.localhost',
      'victim%2elocalhost',
    ],
    ...['ｖictim.localhost', 'victim。localhost', "'victim.localhost '", '-victim.localhost'],
  ]
  for (const spelling of spellings)
    expect((await mallory.ssh(`domains:add -a mallory ${spelling}`)).exitCode, spelling).not.toBe(0)
  const hosts = [
    ...[
      'victim.localhost',
      'VICTIM.LOCALHOST',
      'victim.localhost.',
      'Victim.Localhost.',
      'victim.localhost:80',
    ],
    ...[
      'victim.localhost:8080',
      'victim.localhost.:1',
      'VICTIM.localhost:65535',
      'victim.localhost:',
      'victim.localhost..',
    ],
  ]
  const others = [
    ...[
      'x.victim.localhost',
      'victim',
      'localhost',
      'victim.localhost.mallory.localhost',
      'mallory.victim.localhost',
    ],
    ...[
      'victim.localhost@mallory',
      'victim.localhost/x',
      'victim.localhost#',
      '127.0.0.1',
      'victimlocalhost',
      '*',
    ],
    ...[
      '*.localhost',
      'victim.localhost,mallory',
      'victim;localhost',
      'xn--victim.localhost',
      '[::1]',
      'vict im',
    ],
    ...[
      '%76ictim.localhost',
      'victim%2elocalhost',
      'victim.localhost\\',
      '"victim.localhost"',
      "victim'",
      '-',
      '..',
    ],
  ]
  let captured = 0
  for (const host of [...hosts, ...others]) {
    const { body } = await paas.get(host)
    if (body.includes('mallory\n')) captured += 1
    if (others.includes(host) && body.includes('the victim')) captured += 1
  }
  task.meta.figure = {
    measured: `${captured} captures by ${spellings.length + hosts.length + others.length} spellings`,
  }
  expect(captured).toBe(0)
}, 60_000)

test('words that begin with a dash are nobody’s options, on their way to git least of all', async ({
  task,
}) => {
  const canary = join(tmpdir(), `paas-canary-${secret}`)
  const lines = [
    "git-upload-pack '--help'",
    `git-upload-pack '--upload-pack=touch ${canary}'`,
    `git-receive-pack '-c core.sshCommand=touch ${canary}'`,
    `git-upload-archive mallory`,
    `git-upload-pack '../../etc'`,
    `git-upload-pack "mallory'; touch ${canary}; '"`,
    `apps:create -- '--exec=touch ${canary}'`,
    `apps:create -- '-rf'`,
    `apps:create '$(touch ${canary})'`,
    `apps:create "\`touch ${canary}\`"`,
    `domains:add -a mallory -- '--config=${canary}'`,
    `git:set -a mallory deploy-branch -- '--output=${canary}'`,
    `access:add -a mallory -- '; touch ${canary}'`,
    `apps:report -a mallory; touch ${canary}`,
    `apps:report -a mallory | tee ${canary}`,
    `config:set -a mallory -- '--file=${canary}'`,
  ]
  for (const line of lines) expect((await mallory.ssh(line)).exitCode, line).not.toBe(0)
  const refs = ['HEAD:refs/heads/-x', 'HEAD:refs/heads/--output=x']
  for (const ref of refs) expect((await repository.push(own, 'mallory', ref)).exitCode, ref).not.toBe(0)
  task.meta.figure = { measured: `0 of ${lines.length + refs.length} taken as an option or run` }
  expect(existsSync(canary)).toBe(false)
}, 60_000)

test('whether an app exists is told by no word, no exit code and no time', async ({ task }) => {
  const times: Record<'victim' | 'absent', number[]> = { victim: [], absent: [] }
  for (let round = 0; round < 15; round++) {
    for (const app of ['victim', 'absent'] as const) {
      const began = performance.now()
      const { stdout, stderr, exitCode } = await mallory.ssh(`apps:report -a ${app}`)
      times[app].push(performance.now() - began)
      expect({ stdout, stderr: stderr.replaceAll(app, 'APP'), exitCode }).toEqual({
        stdout: '',
        stderr: expect.stringContaining('There is no app "APP"'),
        exitCode: 20,
      })
    }
  }
  const apart = Math.abs(median(times.victim) - median(times.absent))
  task.meta.figure = { measured: `medians ${apart.toFixed(1)} ms apart`, holds: apart <= 20 }
}, 60_000)

const median = (all: readonly number[]): number =>
  all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? 0
