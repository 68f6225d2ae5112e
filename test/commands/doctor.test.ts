import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startInstance, type TestInstance, until } from '../instance.ts'

let paas: TestInstance
beforeAll(async () => {
  // MySQL is nowhere, and the domain has no DNS.
  paas = await startInstance({ PAAS_DOMAIN: 'apps.invalid' })
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

type Doctor = { holds: boolean; needs: { title: string; holds: boolean; saw: string; next?: string }[] }
const doctor = async (): Promise<Doctor> => JSON.parse((await paas.ssh('doctor --json')).stdout) as Doctor
const need = async (title: string) => (await doctor()).needs.find((each) => each.title === title)

test('doctor says what holds and what does not, with what to type, and exits with 1', async () => {
  const said = await paas.ssh('doctor')
  expect(said.exitCode).toBe(1)
  expect(said.stdout).toMatch(
    /^Docker +holds +\d+\.\d+.* answers on .*: \d+ CPUs, .*B; userns-remap is (on|off)$/m,
  )
  const { stdout } = await execa('docker', ['info', '--format', '{{.SecurityOptions}}'])
  expect(said.stdout).toContain(`userns-remap is ${/userns|rootless/.test(stdout) ? 'on' : 'off'}`)
  expect(said.stdout).toMatch(/^Redis and router +holds +every router serves the newest routes$/m)
  expect(said.stdout).toMatch(/^Disk +holds +.* free for Docker/m)
  expect(said.stdout).toMatch(/^MySQL +FAILS/m)
  expect(said.stdout).toMatch(
    /^Limits of builds +holds +all builds together have limits of memory, processes and CPU$/m,
  )
  expect(said.stdout).toMatch(/^Wildcard DNS +FAILS +\w+\.apps\.invalid has no address/m)
  expect(said.stdout).toMatch(/^Wildcard DNS: Make a DNS record \*\.apps\.invalid/m)
  expect(said.stdout).toMatch(/^Clock +holds/m)
  expect((await doctor()).holds).toBe(false)
})

test('a secret that others can read is named, with the command that closes it', async () => {
  expect(await need('Secret files')).toMatchObject({ holds: true })
  const key = join(paas.home, 'master.key')
  chmodSync(paas.home, 0o755)
  chmodSync(key, 0o644)
  expect(await need('Secret files')).toMatchObject({ holds: false, next: `On the server: chmod 600 ${key}` })
  chmodSync(key, 0o600)
})

test('a router that hangs is missed', async () => {
  const router = paas.pid('router') ?? 0
  process.kill(router, 'SIGSTOP')
  try {
    await until('it is missed', async () => (await need('Redis and router'))?.holds === false)
    expect((await need('Redis and router'))?.next).toContain('make status')
  } finally {
    process.kill(router, 'SIGCONT')
  }
  await until('it is back', async () => (await need('Redis and router'))?.holds === true)
})

test('report shows what the server is', async () => {
  expect(await paas.ok('report')).toMatch(/^domain +apps\.invalid$/m)
  expect(JSON.parse(await paas.ok('report --json'))).toMatchObject({
    instance: paas.id,
    domain: 'apps.invalid',
    apps: 0,
    containers: 0,
    cpus: expect.any(Number),
  })
})
