import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { execa } from 'execa'
import { isLocalDocker, readSettings } from '../server/settings.ts'
import { freePort } from '../test/free-port.ts'
import { startInstance, type TestInstance, until } from '../test/instance.ts'
import { makeRepository, type Repository } from '../test/repository.ts'
import { ensureBaseImages } from './base-images.ts'
import { benchApp } from './bench/bench-app.ts'
import { type ByHand, byHand } from './bench/by-hand.ts'
import { containersWith } from './bench/containers-with.ts'
import { databases } from './bench/databases.ts'
import type { Page } from './bench/first-answer.ts'
import { httpApi } from './bench/http-api.ts'
import { type Live, live } from './bench/live.ts'
import { logs } from './bench/logs.ts'
import { memoryOf, type PartMemory, sharedFiles } from './bench/memory.ts'
import { nodeExample } from './bench/node-example.ts'
import { oneWaits } from './bench/one-waits.ts'
import { startOpenSsh } from './bench/openssh.ts'
import { alternating, type Measure, timed } from './bench/pairs.ts'
import { runs } from './bench/runs.ts'
import { type Row, table } from './bench/table.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'

const rounds = 9
const app = 'bench'
const atOnce = 50
const bare = 'ssh to OpenSSH: true'
/** What people look at most. */
const readLines = ['config', 'apps', 'ps', 'releases', 'domains', 'logs -n 100', 'events', 'why', 'help']
/** V8 gives back what streams have left in its heap some seconds after the last of them. */
const idleMs = 30_000
const promisedMegabytes = 150
/** Parts whose memory is not ours: they are services that we start. */
const embedded: ReadonlySet<string> = new Set(['redis', 'mysql'])

// Words after the script's name choose sections.
const sections = {
  deploys,
  node: ({ instance, hand }: Given) => nodeExample(instance, hand, rounds),
  containers,
  databases: ({ instance }: Given) => databases(instance, rounds),
  logs: ({ instance }: Given) => logs(instance, rounds),
  runs: ({ instance, hand, repository }: Given) =>
    runs({ instance, app, hand, repository: repository.path }, rounds),
  logins,
  api: async () => {
    await httpApi()
    return []
  },
}
const wanted = process.argv.slice(2)

// Everything that we promise of speed and size, beside the same steps by hand, in one run on an instance of its own.
await runEntry(async () => {
  const { dockerHost } = readSettings()
  if (!isLocalDocker(dockerHost)) throw new Error('make bench needs DOCKER_HOST to be a unix socket')
  await ensureBaseImages(dockerHost, ['busybox', 'node'])
  say.step('Starting an instance')
  await using instance = await startInstance({ MYSQL_URL: '', DOCKER_HOST: dockerHost })
  await using hand = byHand(`bench-by-hand-${instance.id}`, new URL(dockerHost).pathname)
  using repository = await makeRepository(benchApp)
  const given: Given = { instance, hand, repository, page: pageOf(instance) }

  say.step('The first push')
  await push(given, 'text=first.')
  await wait(idleMs)
  const afterFirst = memoryOf(instance.home)

  const rows: Row[] = []
  for (const [name, section] of Object.entries(sections)) {
    if (wanted.length === 0 || wanted.includes(name)) rows.push(...(await section(given)))
  }
  await wait(idleMs)
  const { lines, short } = table(rows)
  say.heading(`Medians of ${rounds} rounds, in turning order`)
  say.detail(lines.join('\n'))
  say.heading(
    `Memory after ${idleMs / 1000} s without work, behind the first push and behind all of the above (shared pages once)`,
  )
  const megabytes = sayMemory(afterFirst, memoryOf(instance.home))
  if (megabytes > promisedMegabytes)
    short.push(`memory: ${megabytes.toFixed(0)} MB instead of ${promisedMegabytes} MB at most`)
  if (short.length === 0) say.heading('Every promise holds')
  else {
    say.heading('These promises fall short:')
    say.detail(short.join('\n'))
  }
})

type Given = {
  readonly instance: TestInstance
  readonly hand: ByHand
  readonly repository: Repository
  readonly page: Page
}

async function deploys(given: Given): Promise<readonly Row[]> {
  const { hand, repository } = given
  say.step('Redeploys, and the same by hand')
  let number = 0
  const returned: number[] = []
  const changed = (deploy: (text: string) => Promise<number>): Measure => {
    return async () => {
      const text = `text=${++number}.`
      await repository.commit({ 'www/index.html': `${text}\n` })
      const took = await deploy(text)
      await settled(given)
      return took
    }
  }
  const figures = await alternating(
    {
      ours: changed(async (text) => {
        const took = await push(given, text)
        returned.push(took.returned)
        return took.answered
      }),
      legacy: changed((text) => timed(() => hand.legacy(repository.path, text))),
      buildKit: changed((text) => timed(() => hand.buildKit(repository.path, text))),
    },
    rounds,
  )
  const others = [
    { name: 'git archive | docker build, docker run (legacy builder)', figures: figures.legacy },
    { name: 'git archive | POST /build, docker run (BuildKit)', figures: figures.buildKit },
  ]
  return [
    { what: 'git push to the first answer', ours: figures.ours, others, promise: 1.2 },
    { what: 'git push until it returns', ours: returned.slice(1), others },
  ]
}

async function containers(given: Given): Promise<readonly Row[]> {
  const { instance, hand, repository } = given
  say.step('config:set, rollback and scale, and bare container starts')
  const image = await hand.image(repository.path)
  let number = 0
  let colour = ''
  const settle = async (took: number): Promise<number> => {
    await settled(given)
    return took
  }
  const network = await hand.network()
  const start = async (words: readonly string[]): Promise<number> => {
    const own = `c${++number}`
    const took = await timed(() => hand.start(image, `colour=${own}.`, [...words, '--env', `COLOUR=${own}`]))
    return settle(took)
  }
  const setColour = (): Promise<Live> => {
    colour = `c${++number}`
    return command(given, `config:set COLOUR=${colour}`, `colour=${colour}.`)
  }
  const figures = await alternating(
    {
      config: async () => settle((await setColour()).answered),
      unprepared: async () => {
        // The newest sandbox is the one that waits.
        const [waiting = ''] = await containersWith([`paas.instance=${instance.id}`, 'paas.sandbox'])
        await execa('docker', ['rm', '--force', waiting])
        return settle((await setColour()).answered)
      },
      rollback: async () => {
        const before = colour
        await setColour()
        await settled(given)
        const took = await command(given, 'rollback', `colour=${before}.`)
        colour = before
        return settle(took.answered)
      },
      scale: async () => {
        const took = await timed(() => instance.ok(`scale --app ${app} web=2`))
        await instance.ok(`scale --app ${app} web=1`)
        return settle(took)
      },
      bare: () => start([]),
      networked: () => start(['--network', network]),
    },
    rounds,
  )
  const others = [{ name: 'docker run', figures: figures.bare }]
  const alike = [{ name: 'docker run in a network of its own, as apps have', figures: figures.networked }]
  return [
    { what: 'config:set to the first answer', ours: figures.config, others, promise: 1.7 },
    { what: 'the same without a sandbox made ahead', ours: figures.unprepared, others, promise: 1.7 },
    { what: 'rollback to the first answer', ours: figures.rollback, others, promise: 1.7 },
    { what: 'scale web=2, from 1', ours: figures.scale, others },
    { what: 'config:set to the first answer', ours: figures.config, others: alike },
  ]
}

async function logins({ instance }: Given): Promise<readonly Row[]> {
  say.step(`SSH commands, one and ${atOnce} at once, and OpenSSH running true`)
  await using openSsh = await startOpenSsh({
    folder: join(instance.folder, 'openssh'),
    port: await freePort(),
    sshConfig: instance.sshConfig,
    publicKey: join(instance.folder, 'key-admin.pub'),
  })
  const once = async (config: string, line: string): Promise<void> => {
    await execa('ssh', ['-F', config, '-o', 'BatchMode=yes', 'paas', line], { stdin: 'ignore' })
  }
  const many = async (config: string, line: string): Promise<void> => {
    await Promise.all(Array.from({ length: atOnce }, () => once(config, line)))
  }
  const ours = instance.sshConfig
  const theirs = openSsh.sshConfig
  const config = `config --app ${app}`
  const looks = readLines.map((line): [string, Measure] => [
    line,
    () => timed(() => once(ours, `${line} --app ${app}`)),
  ])
  const one = await alternating<string>(
    { ...Object.fromEntries(looks), [bare]: () => timed(() => once(theirs, 'true')) },
    rounds,
  )
  const all = await alternating(
    { config: () => timed(() => many(ours, config)), sshd: () => timed(() => many(theirs, 'true')) },
    rounds,
  )
  const others = [{ name: bare, figures: one[bare] ?? [] }]
  return [
    ...readLines.map(
      (line): Row => ({ what: `ssh paas ${line}`, ours: one[line] ?? [], others, promise: 0.5 }),
    ),
    {
      what: `${atOnce} x ssh paas config at once`,
      ours: all.config,
      others: [{ name: `${atOnce} x ssh to OpenSSH: true`, figures: all.sshd }],
      promise: 0.1,
    },
  ]
}

function push({ instance, repository, page }: Given, text: string): Promise<Live> {
  const git = execa('git', ['push', `paas:${app}`, 'main'], {
    cwd: repository.path,
    env: { GIT_SSH_COMMAND: `ssh -F ${instance.sshConfig} -o BatchMode=yes`, GIT_CONFIG_GLOBAL: '/dev/null' },
    stdin: 'ignore',
    all: true,
  })
  return live(git, page, text)
}

function command({ instance, page }: Given, line: string, text: string): Promise<Live> {
  const words = ['-F', instance.sshConfig, '-o', 'BatchMode=yes', 'paas', `${line} --app ${app}`]
  return live(execa('ssh', words, { stdin: 'ignore', all: true }), page, text)
}

/** Returns when nothing is being drained, stopped or removed any more, so that the next measurement has the machine. */
async function settled({ instance, hand }: Given): Promise<void> {
  await hand.clear()
  const isSettled = (): Promise<boolean> => oneWaits([`paas.instance=${instance.id}`])
  await until('one container is left, and a sandbox for the next', async () => {
    if (!(await isSettled())) return false
    // One of the two may be going while the next is not there yet.
    await wait(1_500)
    return await isSettled()
  })
  await wait(100)
}

function pageOf({ httpPort }: TestInstance): Page {
  return { address: '127.0.0.1', port: httpPort, host: `${app}.localhost` }
}

/** Prints both, and returns the larger sum of what is ours. */
function sayMemory(before: readonly PartMemory[], after: readonly PartMemory[]): number {
  const row = (name: string, ...cells: readonly number[]): void =>
    say.detail(name.padEnd(34) + cells.map((cell) => `${cell.toFixed(1)} MB`.padStart(12)).join(''))
  const names = after.map(({ part }) => part)
  const both = [before, after]
  const cells = (part: string): number[] =>
    both.flatMap((parts) => {
      const found = parts.find((each) => each.part === part)
      return [found?.own ?? 0, found?.rss ?? 0]
    })
  const ours = both.map((parts) => {
    const own = parts.filter(({ part }) => !embedded.has(part))
    const files = [...sharedFiles(own).values()].reduce((total, size) => total + size, 0)
    const sum = (key: 'own' | 'rss'): number => own.reduce((total, each) => total + each[key], 0)
    return { files, total: files + sum('own'), rss: sum('rss') }
  })

  say.detail(`${' '.repeat(34)}       own         RSS         own         RSS`)
  for (const part of names.filter((name) => !embedded.has(name))) row(part, ...cells(part))
  say.detail(
    `${'programs and libraries, once'.padEnd(34)}${ours.map(({ files }) => `${files.toFixed(1)} MB`.padStart(12).padEnd(24)).join('')}`,
  )
  row('all of ours', ...ours.flatMap(({ total, rss }) => [total, rss]))
  for (const part of names.filter((name) => embedded.has(name))) row(`${part} (apart)`, ...cells(part))
  const most = Math.max(...ours.map(({ total }) => total))
  say.detail(`at most ${promisedMegabytes} MB: ${most <= promisedMegabytes ? 'holds' : 'FALLS SHORT'}`)
  return most
}
