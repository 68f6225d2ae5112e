import { type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, createWriteStream, openSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { asAdmin, locate, type Session } from '../../server/services/mysql/connection.ts'
import type { TestInstance } from '../../test/instance.ts'
import { say } from '../say.ts'
import { alternating, type Measure, timed } from './pairs.ts'
import type { Row } from './table.ts'

/** A dump of some 120 MB: rows as a blog's posts are. */
const posts = 60_000
const speed = 0.9

/** Databases made, exported and imported over ssh, and the same by MySQL's own clients and its bare SQL. */
export async function databases(instance: TestInstance, rounds: number): Promise<readonly Row[]> {
  say.step('Databases made, exported and imported, and the same by hand')
  return [...(await creations(instance, rounds)), ...(await dumps(instance, rounds))]
}

async function creations(instance: TestInstance, rounds: number): Promise<readonly Row[]> {
  const server = locate(instance.home, undefined)
  let number = 0
  const figures = await alternating(
    {
      ours: async () => {
        const name = `bench${++number}`
        const took = await timed(() => instance.ok(`mysql:create ${name}`))
        await instance.ok(`mysql:destroy ${name} --force`)
        return took
      },
      // A login that changes nothing, and what mysql:create says to the server.
      bare: async () => {
        const name = `byhand${++number}`
        return asAdmin(server, async (admin) => {
          const took = await timed(async () => {
            await instance.ok('version')
            for (const sql of creation(admin, name)) await admin.run(sql)
          })
          await admin.run(`DROP USER ${name}@127.0.0.1`)
          await admin.run(`DROP DATABASE ${name}`)
          return took
        })
      },
    },
    rounds,
  )
  const others = [{ name: 'ssh paas version, and the bare SQL', figures: figures.bare }]
  return [{ what: 'ssh paas mysql:create', ours: figures.ours, others, promise: { plusMs: 10 } }]
}

const creation = (admin: Session, name: string): readonly string[] => [
  `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
  `CREATE USER ${name}@127.0.0.1 IDENTIFIED BY ${admin.value(name)}`,
  `GRANT ALL PRIVILEGES ON ${name}.* TO ${name}@127.0.0.1`,
]

async function dumps(instance: TestInstance, rounds: number): Promise<readonly Row[]> {
  const file = join(instance.folder, 'posts.sql')
  await pipeline(Readable.from(sqlOfPosts()), createWriteStream(file))
  await instance.ok('mysql:create posts')
  const { dsn } = JSON.parse(await instance.ok('mysql:info posts --dsn --json')) as { dsn: string }
  const { username, password, port, pathname } = new URL(dsn)
  const database = pathname.slice(1)
  const byHand = [
    '--no-defaults',
    '--protocol=tcp',
    '--host=127.0.0.1',
    `--port=${port}`,
    `--user=${username}`,
  ]
  const ssh = ['-F', instance.sshConfig, '-o', 'BatchMode=yes', 'paas']
  const exported = join(instance.folder, 'exported.sql')
  const writes = (program: string, words: readonly string[]): Measure => {
    return () =>
      withFile(exported, 'w', (fd) => run([program, ...words], ['ignore', fd, 'inherit'], password))
  }
  const reads = (program: string, words: readonly string[]): Measure => {
    return () => withFile(file, 'r', (fd) => run([program, ...words], [fd, 'ignore', 'inherit'], password))
  }
  const imports = await alternating(
    {
      ours: reads('ssh', [...ssh, 'mysql:import posts']),
      mysql: reads('mariadb', [...byHand, database]),
    },
    rounds,
  )
  const exports = await alternating(
    {
      ours: writes('ssh', [...ssh, 'mysql:export posts']),
      mysqldump: writes('mariadb-dump', [...byHand, '--single-transaction', database]),
    },
    rounds,
  )
  await instance.ok('mysql:destroy posts --force')
  return [
    {
      what: 'ssh paas mysql:import (120 MB)',
      ours: imports.ours,
      others: [{ name: 'mysql < file', figures: imports.mysql }],
      promise: 1 / speed,
    },
    {
      what: 'ssh paas mysql:export (120 MB)',
      ours: exports.ours,
      others: [{ name: 'mysqldump > file', figures: exports.mysqldump }],
      promise: 1 / speed,
    },
  ]
}

/** The milliseconds of `work` with the file open: the program has it itself, and nothing passes through us. */
async function withFile(path: string, mode: 'r' | 'w', work: (fd: number) => Promise<void>): Promise<number> {
  const fd = openSync(path, mode)
  try {
    return await timed(() => work(fd))
  } finally {
    closeSync(fd)
  }
}

async function run(
  [program, ...words]: readonly [string, ...string[]],
  stdio: StdioOptions,
  password: string,
): Promise<void> {
  // The clients' own character set is that of the shell, which is UTF-8 on a machine as Debian installs it.
  const env = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', MYSQL_PWD: password }
  const child = spawn(program, words, { env, stdio })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${program} ended with ${code}`)
}

/** As mysqldump writes it: many rows a statement. */
function* sqlOfPosts(): Generator<string> {
  yield '/*!40101 SET NAMES utf8mb4 */;\nDROP TABLE IF EXISTS posts;\nCREATE TABLE posts (id INT PRIMARY KEY, title VARCHAR(200), body TEXT);\n'
  const perStatement = 400
  const word = (number: number): string => ((number * 2_654_435_761) >>> 0).toString(36)
  for (let from = 0; from < posts; from += perStatement) {
    const rows = Array.from({ length: perStatement }, (_, index) => {
      const id = from + index
      const body = Array.from({ length: 260 }, (_, place) => word(id * 263 + place)).join(' ')
      return `(${id},'Post ${id}','${body}')`
    })
    yield `INSERT INTO posts VALUES ${rows.join(',\n')};\n`
  }
}
