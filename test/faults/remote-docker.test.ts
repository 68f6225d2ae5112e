import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DockerProxy, startDockerProxy } from '../docker-proxy.ts'
import { freePort } from '../free-port.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

// Docker behind TCP, as on another machine: none of its files is read.
let docker: DockerProxy
let paas: TestInstance
let repository: Repository
const files = {
  Dockerfile: 'FROM paas/busybox\nCOPY . /app\nWORKDIR /app\n',
  'www/index.html': 'here\n',
  tick: 'n=0; while true; do n=$((n+1)); echo "worker $PAAS_RELEASE $n"; sleep 0.02; done\n',
  Procfile: [
    'web: busybox httpd -f -p $PORT -h www',
    'worker: sh tick',
    'last: sh -c \'trap "echo $PAAS_RELEASE says good-bye; exit 0" TERM; echo $PAAS_RELEASE is up; while :; do sleep 0.1; done\'',
    '',
  ].join('\n'),
}
beforeAll(async () => {
  docker = await startDockerProxy(await freePort())
  paas = await startInstance({ DOCKER_HOST: docker.url })
  repository = await makeRepository(files)
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('scale blog worker=1 last=1')
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await docker?.heal()
  await paas?.[Symbol.asyncDispose]()
  await docker?.[Symbol.asyncDispose]()
})

const counted = async (): Promise<number[]> =>
  [...(await paas.ok('logs blog -p worker -n 100000 --release v1')).matchAll(/: worker v1 (\d+)$/gm)].map(
    ([, number]) => Number(number),
  )
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
const goesOn = async (): Promise<void> => {
  const before = (await counted()).length
  await until('it goes on', async () => (await counted()).length > before + 20)
}

type Doctor = { needs: { title: string; holds: boolean; saw: string }[] }
const appLogs = async () =>
  (JSON.parse((await paas.ssh('doctor --json')).stdout) as Doctor).needs.find(
    ({ title }) => title === 'App logs',
  )

test('lines are kept, without a gap or a repeat, through cut connections and a server that is killed', async () => {
  await goesOn()
  for (let round = 0; round < 5; round++) {
    docker.dropAll()
    await goesOn()
  }
  await paas.kill('server')
  await until('it is back', async () => (await paas.ssh('version')).exitCode === 0)
  await goesOn()
  const numbers = await counted()
  expect(numbers).toEqual(upTo(numbers.length))
  expect(await appLogs()).toMatchObject({ holds: true })
})

test('while Docker is away doctor says that nothing is kept; what came meanwhile is taken afterwards', async () => {
  await docker.fail('refuse')
  await until('doctor says it', async () => (await appLogs())?.holds === false)
  expect((await appLogs())?.saw).toContain('what apps write is not kept: Docker is unavailable')
  await docker.heal()
  await until('doctor says it', async () => (await appLogs())?.holds === true)
  await goesOn()
  const numbers = await counted()
  expect(numbers).toEqual(upTo(numbers.length))
})

test('what a container wrote last is there after its release has gone', async () => {
  await repository.commit({ 'www/index.html': 'second\n' })
  expect((await repository.push(paas, 'blog')).exitCode).toBe(0)
  const last = async (): Promise<string[]> =>
    (await paas.ok('logs blog -p last --release v1'))
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace(/^.*\]: /, ''))
  await until('the old one has gone', async () => (await last()).length === 2)
  expect(await last()).toEqual(['v1 is up', 'v1 says good-bye'])
})
