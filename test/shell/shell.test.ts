import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { Client, type ClientChannel } from 'ssh2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadRegistry } from '../../server/registry.ts'
import { staticApp } from '../apps/static.ts'
import { attackFactor } from '../figure.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'
import { hostileWords, type Line, linesOf, quoted } from './hostile-words.ts'
import { canTrace, isShell, type Trace, tracePrograms } from './trace-programs.ts'

// An admin's words, since these reach everything: on ssh's lines, in config, and in the trees that are pushed.
const wanted = 5_000 * attackFactor
const pushes = attackFactor > 1 ? 10 : 1
const seed = Number(process.env.HOSTILE_SEED ?? Date.now() % 1_000_000_000)
const sessions = 8

let canaries: string
let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  canaries = join(paas.folder, 'canaries')
  mkdirSync(canaries)
  // For whichever user a shell might run as.
  chmodSync(canaries, 0o1777)
  repository = await makeRepository(staticApp('hello'))
  expect((await repository.push(paas, 'taken')).exitCode).toBe(0)
  await paas.ok('apps:create hit')
}, 120_000)
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

test('whatever people write, no shell of the host reads it', {
  timeout: 120_000 * Math.max(1, attackFactor / 2),
}, async ({ task, skip }) => {
  const traces = (await canTrace()) ? await traceAll() : undefined
  const make = hostileWords(canaries, seed)
  let words = 0
  const word = (): string => {
    words += 1
    return make()
  }
  for (let round = 0; round < pushes; round++) await pushTree(round, word)
  const internal = await typeLines(() => words < wanted, word)
  const started = traces ? (await Promise.all(traces.map((each) => each.end()))).flat() : []

  const shells = started.filter(isShell)
  task.meta.figure = {
    measured: `${readdirSync(canaries).length} canaries and ${internal.length} internal errors in ${words} inputs (seed ${seed}); ${
      traces ? `${shells.length} of ${started.length} programs under strace were shells` : 'not traced'
    }`,
    holds: traces !== undefined,
  }
  expect(readdirSync(canaries), `seed ${seed}`).toEqual([])
  expect(shells, `seed ${seed}`).toEqual([])
  expect(internal, `seed ${seed}`).toEqual([])
  if (!traces) skip('strace may trace nothing on this machine: the canaries alone were looked for')
  // Git's own programs at least, or the trace has seen nothing.
  expect(started.some((path) => path.endsWith('/git'))).toBe(true)
})

test('a shell that did read such a word would leave its canary, and strace would have seen it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'paas-canaries-'))
  try {
    const make = hostileWords(folder, seed)
    for (let index = 0; index < 400; index++)
      await execa('sh', ['-c', `echo ${make()}`], {
        cwd: folder,
        reject: false,
        stdin: 'ignore',
        timeout: 5_000,
      })
    expect(readdirSync(folder).length).toBeGreaterThan(100)
    if (!(await canTrace())) return
    const reader = execa('sh', ['-c', 'read line; sh -c true'], { stdin: 'pipe' })
    const trace = await tracePrograms(reader.pid ?? 0, folder)
    reader.stdin.end('\n')
    await reader
    expect((await trace.end()).filter(isShell).length).toBeGreaterThan(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)

async function traceAll(): Promise<readonly Trace[]> {
  const parts = ['server', 'router'].map((part) => paas.pid(part) ?? 0)
  return Promise.all(parts.map((pid) => tracePrograms(pid, paas.folder)))
}

/** Pushes a tree whose Procfile, schedules and file names are hostile, and runs one of its schedules. */
async function pushTree(round: number, word: () => string): Promise<void> {
  const line = (): string => printable(word()).trim()
  const cron = many(20, () => ({ schedule: '0 0 1 1 *', command: line() }))
  const processes = many(20, (index) => `p${index}: x ${line()}`)
  await repository.commit(
    {
      Procfile: ['web: httpd -f -p $PORT -h /www', ...processes].join('\n'),
      'app.json': JSON.stringify({ cron, env: { HOSTILE: word() } }),
      ...Object.fromEntries(many(50, (index) => [`www/${round}/${index}${withoutSlashes(line())}`, 'x'])),
    },
    word(),
  )
  const push = await repository.push(paas, 'taken')
  expect(push.exitCode, push.stderr).toBe(0)
  const { entries } = JSON.parse(await paas.ok('cron:list taken --json')) as { entries: { id: string }[] }
  // In its container a command does what it likes.
  await paas.ssh(`cron:run taken ${entries[0]?.id}`)
  await paas.ssh(`run taken -- echo ${quoted(word())}`)
  await paas.ssh('version', { user: `x${line()}` })
}

const many = <Value>(count: number, value: (index: number) => Value): readonly Value[] =>
  Array.from({ length: count }, (_, index) => value(index))

/** Trees with control characters in their names are refused: test/git/tree.test.ts. */
const printable = (word: string): string => word.replaceAll(/\p{Cc}+/gu, ' ')

/** The same to a shell, as the name of a file. */
const withoutSlashes = (word: string): string => word.replaceAll('/', '$(printf \\\\57)')

/** Types every command with hostile words in all its places while `more`; returns the lines that failed in us. */
async function typeLines(more: () => boolean, word: () => string): Promise<readonly string[]> {
  const { commands } = await loadRegistry()
  const lines = [...commands].flatMap(([name, command]) => linesOf(name, command, 'hit'))
  lines.push(
    (next) => next(),
    (next) => `git-upload-pack ${quoted(next())}`,
    (next) => `git-receive-pack ${quoted(next())}`,
    (next) => `git-upload-archive ${quoted(next())}`,
  )
  const connection = await connect()
  const internal: string[] = []
  let typedLines = 0
  const goOn = (): boolean => more() || typedLines < lines.length
  const typing = async (): Promise<void> => {
    while (goOn()) {
      const line = (lines[typedLines++ % lines.length] as Line)(word)
      const { stderr } = await typed(connection, line)
      if (stderr.includes('Internal error')) internal.push(`${line}: ${stderr}`)
    }
  }
  const setting = async (): Promise<void> => {
    while (goOn()) await setConfig(connection, word)
  }
  try {
    await Promise.all([setting(), ...Array.from({ length: sessions - 1 }, typing)])
  } finally {
    connection.end()
  }
  return internal
}

/** Sets values that a shell would run, many at once, and reads one back as it was. */
async function setConfig(connection: Client, word: () => string): Promise<void> {
  const values = many(100, (index) => [`W${index}`, word()] as const)
  const pairs = values.map(([key, value]) => `${key}=${quoted(value)}`)
  const set = await typed(connection, `config:set -a hit --no-restart ${pairs.join(' ')}`)
  expect(set, set.stderr).toMatchObject({ code: 0 })
  const [[key, value] = ['', '']] = values
  const { stdout } = await typed(connection, `config:get -a hit ${key}`)
  expect(stdout).toBe(`${value}\n`)
}

async function connect(): Promise<Client> {
  const client = new Client()
  const ready = new Promise<void>((resolve, reject) => {
    client.once('ready', resolve)
    client.once('error', reject)
  })
  const privateKey = readFileSync(join(paas.folder, 'key-admin'))
  client.connect({ host: '127.0.0.1', port: paas.sshPort, username: 'paas', privateKey })
  await ready
  return client
}

type Typed = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs one line over a connection that is open. */
const typed = (connection: Client, line: string): Promise<Typed> =>
  new Promise((resolve, reject) => {
    // The exit code may arrive in the packet behind the channel's.
    connection.exec(line, (error, channel) => (error ? reject(error) : ended(channel).then(resolve, reject)))
  })

async function ended(channel: ClientChannel): Promise<Typed> {
  const code = once(channel, 'exit') as Promise<[number]>
  channel.end()
  const [[exit], stdout, stderr] = await Promise.all([code, text(channel), text(channel.stderr)])
  return { code: exit, stdout, stderr }
}
