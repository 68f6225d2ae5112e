import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { execa } from 'execa'
import { Store } from '../../../server/state/store.ts'
import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, type TestInstance, until } from '../../../test/instance.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { restartDocker } from '../restart-docker.ts'
import type { Section } from '../section.ts'

const count = Number(process.env.APPS ?? 20)
const releasesOfEach = 10
const mostBootMs = 180_000
const mostSshMs = 2_000
const mostCommandMs = 500
const mostMegabytes = 300
const commands = 100

export default {
  summary: `everything of ${count} apps ends and comes back, as in a reboot (APPS=200 for all)`,
  restartsDocker: true,
  async run() {
    await using paas = await startInstance()
    const names = Array.from({ length: count }, (_, index) => `app-${index + 1}`)
    using _ = await deployApp(paas, 'app-1', staticApp('here'))
    for (const [index, name] of names.slice(1).entries()) {
      await paas.ok(`apps:clone app-1 ${name}`)
      if ((index + 2) % 20 === 0) say.detail(`${index + 2} apps run`)
    }
    await paas.down()
    addReleases(paas.home)
    const served = new Set<string>()
    let misrouted = 0
    let started = 0
    const processes = await processesOf(paas)
    await restartDocker(async () => {
      // A reboot ends what would live on, and Docker finds nothing but what was.
      for (const pid of processes) process.kill(pid, 'SIGKILL')
      await until('no container runs', async () => processes.every((pid) => !existsSync(`/proc/${pid}`)))
      started = performance.now()
    })
    const up = paas.up()
    const sshMs = await untilSshAnswers(paas)
    await up
    await until(
      'every app answers',
      async () => {
        for (const name of names.filter((each) => !served.has(each))) {
          const answer = await paas.get(`${name}.localhost`, '/cgi-bin/environment').catch(() => undefined)
          if (answer?.status !== 200) continue
          if (answer.body.split('\0').includes(`PAAS_APP=${name}`)) served.add(name)
          else misrouted++
        }
        return served.size === count
      },
      2 * mostBootMs,
    ).catch(() => {})
    const bootMs = performance.now() - started
    const commandMs = await commandTime(paas, names)
    const megabytes = residentMegabytes(paas.pid('server'))
    return [
      {
        row: '36',
        promise: `a reboot with ${count} apps: all routable in 180 s, no request to the wrong app`,
        measured: `${served.size} after ${(bootMs / 1000).toFixed(1)} s, ${misrouted} misrouted`,
        holds: served.size === count && bootMs <= mostBootMs && misrouted === 0,
      },
      {
        row: '48',
        promise: `${count} apps, ${count * releasesOfEach} releases: SSH in 2 s, p95 of a command 500 ms, the server 300 MB`,
        measured: `${(sshMs / 1000).toFixed(1)} s, ${commandMs.toFixed(0)} ms, ${megabytes.toFixed(0)} MB`,
        holds: sshMs <= mostSshMs && commandMs <= mostCommandMs && megabytes <= mostMegabytes,
      },
    ]
  },
} satisfies Section

/** Of its containers: what each runs first, and the shim that holds it for Docker. */
async function processesOf({ id }: TestInstance): Promise<readonly number[]> {
  const { stdout } = await execa('docker', [
    'ps',
    '-q',
    '--no-trunc',
    '--filter',
    `label=paas.instance=${id}`,
  ])
  const ids = stdout.split('\n').filter(Boolean)
  const format = ['inspect', '--format', '{{.State.Pid}}']
  const inits = (await execa('docker', [...format, ...ids])).stdout.split('\n').map(Number)
  const shims = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && ids.includes(shimOf(name)))
    .map(Number)
  return [...shims, ...inits]
}

/** The container that a process is the shim of; empty: it is none. */
function shimOf(pid: string): string {
  try {
    return (
      /containerd-shim.*\0-id\0([0-9a-f]{64})\0/s.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[1] ??
      ''
    )
  } catch {
    // It has ended meanwhile.
    return ''
  }
}

/** As many releases as after a while, without the deploys: the images are those of each app's first. */
function addReleases(home: string): void {
  const store = new Store(home)
  for (const app of store.apps.list()) {
    const first = store.releases.find(app.id, 1)
    for (let version = 2; first && version <= releasesOfEach; version++)
      store.releases.add({ ...first, version })
  }
  store.close()
}

/** Milliseconds from the server's start to its first answered command. */
async function untilSshAnswers(paas: TestInstance): Promise<number> {
  await until('the server starts', async () => paas.pid('server') !== undefined)
  const started = performance.now()
  await until('SSH answers', async () => (await paas.ssh('version')).exitCode === 0)
  return performance.now() - started
}

/** The 95th percentile, in milliseconds, one command after the other. */
async function commandTime(paas: TestInstance, names: readonly string[]): Promise<number> {
  const took: number[] = []
  for (let number = 0; number < commands; number++) {
    const name = names[number % names.length]
    const started = performance.now()
    await paas.ok(number % 2 === 0 ? `ps ${name}` : `releases ${name}`)
    took.push(performance.now() - started)
  }
  return took.sort((a, b) => a - b)[Math.floor(took.length * 0.95)] ?? Number.NaN
}

const residentMegabytes = (pid: number | undefined): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
