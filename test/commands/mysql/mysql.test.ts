import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { databaseApp } from '../../apps/database.ts'
import { makeKey, startInstance, type TestInstance, uniqueName, until } from '../../instance.ts'
import { makeRepository, type Repository } from '../../repository.ts'

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance({ MYSQL_URL: '' })
  await until('MariaDB answers', async () => (await paas.ssh('mysql:create first')).exitCode === 0)
  repository = await makeRepository(databaseApp())
  for (const app of ['blog', 'other']) {
    const push = await repository.push(paas, app)
    if (push.exitCode !== 0) throw new Error(push.stderr)
  }
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

type Environment = Record<string, string>

async function ask(app: string, path: string, parameters: Record<string, string> = {}) {
  const answer = await paas.get(`${app}.localhost`, `${path}?${new URLSearchParams(parameters)}`)
  return { status: answer.status, body: answer.body }
}

const environmentOf = async (app: string): Promise<Environment> => JSON.parse((await ask(app, '/env')).body)

const query = (app: string, sql: string, url?: string) =>
  ask(app, '/query', { sql, ...(url === undefined ? {} : { url }) })

/** Runs SQL as the service's own user. */
const sql = (name: string, text: string) => paas.ssh(`mysql:connect ${name}`, { input: text })

describe('a linked app', () => {
  let environment: Environment
  beforeAll(async () => {
    await paas.ok('mysql:create posts')
    expect(await paas.ok('mysql:link posts blog')).toContain('Linked posts to blog as POSTS; v2 serves')
    environment = await environmentOf('blog')
  })

  test('reads and writes its database', async () => {
    expect((await query('blog', 'CREATE TABLE t (v TEXT)')).status).toBe(200)
    await query('blog', "INSERT INTO t VALUES ('héllo 🐬')")
    expect(JSON.parse((await query('blog', 'SELECT v FROM t')).body)).toEqual([{ v: 'héllo 🐬' }])
  })

  test('finds the credentials in the forms that frameworks read', () => {
    const { DB_USER, DB_PASSWORD, DB_HOST, DB_PORT, DB_NAME } = environment
    expect(environment.DATABASE_URL).toBe(
      `mysql://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:${DB_PORT}/${DB_NAME}`,
    )
    expect(environment.POSTS_DATABASE_URL).toBe(environment.DATABASE_URL)
    expect(DB_HOST).toMatch(/^10\.\d+\.\d+\.1$/)
  })

  test('keeps its credentials out of config, report and release', async () => {
    for (const line of [
      'config blog --json',
      'apps:report blog --json',
      'releases:info blog --json',
      'mysql:links blog --json',
    ])
      expect(await paas.ok(line)).not.toContain(environment.DB_PASSWORD)
  })

  test('has them in a one-off too', async () => {
    expect(await paas.ok('run blog node -p process.env.DATABASE_URL')).toBe(`${environment.DATABASE_URL}\n`)
  })

  test('may do nothing outside its database', async () => {
    for (const statement of [
      'CREATE DATABASE more',
      'SELECT * FROM mysql.user',
      "SELECT 1 INTO OUTFILE '/tmp/x'",
      'SET GLOBAL general_log = 1',
      'CREATE USER more',
    ])
      expect((await query('blog', statement)).body).toMatch(/denied/)
    expect(
      JSON.parse((await query('blog', 'SHOW DATABASES')).body).map(
        (row: { Database: string }) => row.Database,
      ),
    ).toEqual(['information_schema', environment.DB_NAME])
  })

  test('is the only one whose container reaches the port, by its own gateway or another', async () => {
    const { DB_HOST = '', DB_PORT = '' } = environment
    expect((await ask('blog', '/tcp', { host: DB_HOST, port: DB_PORT })).body).toBe('"open"')
    const facts = JSON.parse(await paas.ok('apps:report other --json'))
    const gateway = String(facts.network).replace(/\d+\/24$/, '1')
    for (const host of [DB_HOST, gateway])
      expect((await ask('other', '/tcp', { host, port: DB_PORT })).body).toBe('"EHOSTUNREACH"')
  })

  test('cannot have its credentials used by another app that may reach the port', async () => {
    await paas.ok('mysql:link first other')
    const own = await environmentOf('other')
    expect((await query('other', 'SELECT 1')).status).toBe(200)
    const stolen = `mysql://${environment.DB_USER}:${environment.DB_PASSWORD}@${own.DB_HOST}:${own.DB_PORT}/${environment.DB_NAME}`
    expect((await query('other', 'SELECT 1', stolen)).body).toMatch(/denied/)
    await paas.ok('mysql:unlink first other')
  })
})

test('a second link has its alias as prefix, and promote makes it the first', async () => {
  await paas.ok('mysql:create blue')
  await paas.ok('mysql:link blue blog --as BLUE')
  const before = await environmentOf('blog')
  expect(before.BLUE_DB_NAME).not.toBe(before.DB_NAME)
  expect(before.POSTS_DB_NAME).toBe(before.DB_NAME)
  await paas.ok('mysql:promote blue blog')
  const after = await environmentOf('blog')
  expect(after.DB_NAME).toBe(before.BLUE_DB_NAME)
  expect(after.POSTS_DB_NAME).toBe(before.DB_NAME)
  await paas.ok('mysql:unlink blue blog')
  expect((await environmentOf('blog')).DB_NAME).toBe(before.DB_NAME)
})

test('an unlinked app has neither credentials nor a user that works', async () => {
  await paas.ok('mysql:create brief')
  await paas.ok('mysql:link brief other')
  const { DATABASE_URL = '' } = await environmentOf('other')
  await paas.ok('mysql:link first other')
  await paas.ok('mysql:unlink brief other')
  expect(await environmentOf('other')).not.toHaveProperty('BRIEF_DATABASE_URL')
  await until('the user is dropped', async () =>
    /denied/.test((await query('other', 'SELECT 1', DATABASE_URL)).body),
  )
  await paas.ok('mysql:unlink first other')
})

test("the app's own config vars win over a link's, and the link says so", async () => {
  await paas.ok('config:set other DATABASE_URL=mine')
  const linked = await paas.ssh('mysql:link first other')
  expect(linked.stderr).toContain("The app's own config vars win over the link's: DATABASE_URL")
  expect((await environmentOf('other')).DATABASE_URL).toBe('mine')
  await paas.ok('config:unset other DATABASE_URL')
  expect((await environmentOf('other')).DATABASE_URL).toMatch(/^mysql:/)
  await paas.ok('mysql:unlink first other')
})

test('--no-restart leaves what runs alone until the next release', async () => {
  expect(await paas.ok('mysql:link first other --no-restart')).toContain('pending until the next release')
  expect(await environmentOf('other')).not.toHaveProperty('DATABASE_URL')
  await paas.ok('restart other')
  const { DATABASE_URL } = await environmentOf('other')
  expect(DATABASE_URL).toMatch(/^mysql:/)
  await paas.ok('mysql:unlink first other --no-restart')
  expect((await query('other', 'SELECT 1')).status).toBe(200)
  await paas.ok('restart other')
  expect(await environmentOf('other')).not.toHaveProperty('DATABASE_URL')
})

test("a rollback keeps today's links: older ones' users may be gone", async () => {
  await paas.ok('mysql:link first other')
  await paas.ok('rollback other v1')
  expect((await query('other', 'SELECT 1')).status).toBe(200)
  await paas.ok('mysql:unlink first other')
})

test('a link whose release does not come up leaves no link and no user', async () => {
  const users = async () => (await admin('SELECT user FROM mysql.user')).split('\n')
  const before = await users()
  using _refusal = refusingHook()
  const linked = await paas.ssh('mysql:link first other')
  expect(linked.exitCode).toBe(1)
  expect(linked.stderr).toContain('hook checked/refuse refused')
  expect(await paas.ok('mysql:links other --json')).toBe('[]\n')
  expect(before).toEqual(expect.arrayContaining(await users()))
})

/** An operator's hook that refuses every deploy right before its switch. */
function refusingHook(): Disposable {
  const folder = join(paas.home, 'hooks', 'checked')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'refuse'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  return { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

/** One value, asked as MariaDB's administrator. */
async function admin(text: string): Promise<string> {
  const { stdout } = await execa('mariadb', [
    '--no-defaults',
    '--batch',
    '-N',
    '-S',
    join(paas.home, 'run', 'mysqld.sock'),
    '-e',
    text,
  ])
  return stdout
}

describe('names', () => {
  test.each(['', 'Blog', 'a_b', 'a%b', '-x', 'a b', '`x`', "x'--", '../x', 'x'.repeat(32), 'ä'])(
    'that cannot be one are refused: "%s"',
    async (name) => {
      const before = await admin('SHOW DATABASES')
      const ran = await paas.ssh(`mysql:create -- '${name.replaceAll("'", "'\\''")}'`)
      expect([1, 64]).toContain(ran.exitCode)
      expect(await admin('SHOW DATABASES')).toBe(before)
    },
  )

  test('that are taken are refused, and what has the name stays', async () => {
    const ran = await paas.ssh('mysql:create first')
    expect(ran).toMatchObject({ exitCode: 1 })
    expect(ran.stderr).toContain('The name "first" is taken')
    await paas.ok('mysql:info first')
  })

  test('of aliases that no config var could begin with are refused', async () => {
    for (const alias of ['blue', '1A', 'A-B', 'A=B'])
      expect((await paas.ssh(`mysql:link first other --as ${alias}`)).exitCode).toBe(1)
  })
})

describe('destroy', () => {
  test('asks for the name', async () => {
    await paas.ok('mysql:create doomed')
    expect((await paas.ssh('mysql:destroy doomed')).exitCode).toBe(1)
    expect((await paas.ssh('mysql:destroy doomed --confirm other')).exitCode).toBe(1)
    await paas.ok('mysql:exists doomed')
    await paas.ok('mysql:destroy doomed --confirm doomed')
    expect((await paas.ssh('mysql:exists doomed')).exitCode).toBe(1)
  })

  test('is refused while an app is linked, unless it is forced', async () => {
    await paas.ok('mysql:create wanted')
    await paas.ok('mysql:link wanted other --no-restart')
    const refused = await paas.ssh('mysql:destroy wanted --confirm wanted')
    expect(refused.stderr).toContain('wanted is linked to other')
    await paas.ok('mysql:destroy wanted --force')
    expect(await paas.ok('mysql:links other --json')).toBe('[]\n')
  })

  test('of the one without a prefix leaves that place to the next', async () => {
    for (const name of ['leading', 'next']) {
      await paas.ok(`mysql:create ${name}`)
      await paas.ok(`mysql:link ${name} other --no-restart`)
    }
    await paas.ok('mysql:destroy leading --force')
    expect(JSON.parse(await paas.ok('mysql:links other --json'))).toEqual([
      { name: 'next', alias: 'NEXT', primary: true },
    ])
    await paas.ok('mysql:destroy next --force')
  })
})

describe('another person', () => {
  let key: string
  beforeAll(async () => {
    const publicKey = await makeKey(paas.folder, 'bob')
    key = publicKey.replace(/\.pub$/, '')
    await paas.ok('keys:add bob', { input: readFileSync(publicKey, 'utf8') })
  })
  const bob = (line: string) => paas.ssh(line, { identity: key })

  test('sees no database that is not his, in the same words as for none', async () => {
    expect((await bob('mysql:list --json')).stdout).toBe('[]\n')
    for (const command of [
      'info',
      'destroy --force',
      'export',
      'import',
      'connect',
      'exists',
      'info --dsn',
      'clone X copy',
      'backup',
      'backups',
      'backups:download',
      'backups:restore --force',
    ]) {
      const [verb, ...rest] = command.split(' ')
      const of = (name: string) =>
        bob(
          `mysql:${verb} ${rest.map((word) => (word === 'X' ? name : word)).join(' ')} ${rest.includes('X') ? '' : name}`,
        )
      const [foreign, absent] = [await of('first'), await of('absent')]
      expect(foreign.exitCode).toBe(1)
      expect(foreign.stderr.replaceAll('first', 'absent')).toBe(absent.stderr)
      expect(foreign.stderr).toContain('There is no MySQL database')
    }
  })

  test('may not open a database to the outside, his own neither', async () => {
    expect((await bob('mysql:expose first')).exitCode).toBe(77)
    expect((await bob('mysql:unexpose first')).exitCode).toBe(77)
  })

  test('links his own to his own app, and neither to a foreign one', async () => {
    expect((await bob('apps:create bobs')).exitCode).toBe(0)
    expect((await bob('mysql:create bobs')).exitCode).toBe(0)
    expect((await bob('mysql:link bobs bobs')).exitCode).toBe(0)
    expect((await bob('mysql:link first bobs')).exitCode).toBe(1)
    expect((await bob('mysql:link bobs blog')).exitCode).toBe(20)
  })

  test('loses the users of an app that he destroys, and keeps the database', async () => {
    const before = Number(await admin('SELECT count(*) FROM mysql.user'))
    const destroyed = await bob('apps:destroy bobs --force')
    expect(destroyed.stdout).toContain('The MySQL database bobs stays; to destroy it: mysql:destroy bobs')
    await until(
      'the user is dropped',
      async () => Number(await admin('SELECT count(*) FROM mysql.user')) === before - 1,
    )
    expect(JSON.parse((await bob('mysql:list --json')).stdout)).toMatchObject([{ name: 'bobs', apps: [] }])
  })
})

describe('a database that is exposed', () => {
  let neighbour: Neighbour
  beforeAll(async () => {
    neighbour = await startNeighbour()
    await paas.ok('mysql:create shown')
  })
  afterAll(async () => neighbour?.[Symbol.asyncDispose]())
  const expose = async (words: string): Promise<string> =>
    JSON.parse(await paas.ok(`mysql:expose ${words} --json`)).url
  /** Runs SQL over there, with what the URL says but the host. */
  const fromThere = async (url: string, text: string) => {
    const { username, password, port, pathname } = new URL(url)
    return execa(
      'ip',
      [
        ...['netns', 'exec', neighbour.name, 'mariadb', '--no-defaults', '--protocol=tcp', '--batch', '-N'],
        ...['-h', neighbour.us, '-P', port, '-u', username, '--connect-timeout=2', '-e', text],
        pathname.slice(1),
      ],
      { env: { MYSQL_PWD: password }, reject: false },
    )
  }
  const outsiders = () => admin("SELECT count(*) FROM mysql.user WHERE user LIKE 'x%'")

  test('is open to clients from there alone, with a user that opens nothing else, until it is not', async () => {
    const dsn = (await paas.ok('mysql:info shown --dsn')).trim()
    expect((await fromThere(dsn, 'SELECT 1')).stderr).toMatch(/Can't connect/)
    const url = await expose(`shown --from ${neighbour.they}`)
    expect(new URL(url).hostname).toBe('localhost')
    expect(JSON.parse(await paas.ok('mysql:info shown --json')).exposed).toBe(`${neighbour.they}/32`)
    expect((await fromThere(url, 'CREATE TABLE t (a INT); SELECT database()')).stdout).toBe(
      new URL(url).pathname.slice(1),
    )
    expect((await fromThere(url, 'SELECT * FROM mysql.user')).stderr).toContain('denied')
    // The port is open to it now, and to nobody else's password.
    expect((await fromThere(dsn, 'SELECT 1')).stderr).toMatch(/denied|not allowed/)

    const again = await paas.ssh('mysql:expose shown')
    expect(again.exitCode).toBe(1)
    expect(again.stderr).toContain('shown is open already')
    await paas.ok('mysql:unexpose shown')
    expect((await fromThere(url, 'SELECT 1')).stderr).toMatch(/Can't connect/)
    await until('its user is dropped', async () => (await outsiders()) === '0')
    expect((await paas.ssh('mysql:unexpose shown')).stderr).toContain('shown is not open to the outside')
  })

  test('to another network is not open from here, and to everybody still not to apps that are not linked', async () => {
    const elsewhere = await expose('shown --from 203.0.113.9/24')
    expect((await fromThere(elsewhere, 'SELECT 1')).stderr).toMatch(/Can't connect/)
    await paas.ok('mysql:unexpose shown')
    const url = await expose('shown')
    expect((await fromThere(url, 'SELECT 1')).stdout).toBe('1')
    const facts = JSON.parse(await paas.ok('apps:report other --json'))
    const host = String(facts.network).replace(/\d+\/24$/, '1')
    expect((await ask('other', '/tcp', { host, port: new URL(url).port })).body).not.toBe('"open"')
  })

  test('takes its outside user with it when it is destroyed', async () => {
    await paas.ok('mysql:destroy shown --force')
    expect(await outsiders()).toBe('0')
  })

  test.each(['::1', '203.0.113.0/20', 'example.com', '203.0.113.0/24/1', '1.2.3'])(
    'cannot be one to "%s"',
    async (source) => {
      const ran = await paas.ssh(`mysql:expose first --from ${source}`)
      expect(ran.exitCode).toBe(1)
      expect(ran.stderr).toContain('--from 203.0.113.0/24')
      expect(JSON.parse(await paas.ok('mysql:info first --json')).exposed).toBe('')
    },
  )
})

type Neighbour = AsyncDisposable & { readonly name: string; readonly us: string; readonly they: string }

/** A machine beside this one: a network namespace with an address of its own. */
async function startNeighbour(): Promise<Neighbour> {
  const name = uniqueName('paas-test')
  const cable = uniqueName('pt')
  const network = `198.18.${Math.floor(Math.random() * 256)}`
  const ip = async (...words: string[]): Promise<void> => void (await execa('ip', words))
  await ip('netns', 'add', name)
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  await ip('address', 'add', `${network}.1/30`, 'dev', cable)
  await ip('link', 'set', cable, 'up')
  await ip('-n', name, 'address', 'add', `${network}.2/30`, 'dev', 'eth0')
  await ip('-n', name, 'link', 'set', 'eth0', 'up')
  return {
    name,
    us: `${network}.1`,
    they: `${network}.2`,
    // The cable goes with the namespace.
    [Symbol.asyncDispose]: () => ip('netns', 'delete', name),
  }
}

describe('backups', () => {
  const list = async (name: string): Promise<{ id: string; bytes: number }[]> =>
    JSON.parse(await paas.ok(`mysql:backups ${name} --json`))
  const folders = () => join(paas.home, 'backups')
  const files = (): string[] =>
    existsSync(folders()) ? readdirSync(folders(), { recursive: true, encoding: 'utf8' }).sort() : []

  test('bring back all that was there and nothing else; what was there before can be had back too', async () => {
    await paas.ok('mysql:create kept')
    await paas.ok('mysql:import kept', {
      input:
        'CREATE TABLE t (a INT PRIMARY KEY);\nINSERT INTO t VALUES (1), (2);\nCREATE VIEW v AS SELECT a FROM t;\nCREATE PROCEDURE p() SELECT 1;\n',
    })
    const databases = await admin('SHOW DATABASES')
    const { id } = JSON.parse(await paas.ok('mysql:backup kept --json'))
    expect(await list('kept')).toMatchObject([{ id, bytes: expect.any(Number) }])
    expect(await admin('SHOW DATABASES')).toBe(databases)
    await paas.ok('mysql:import kept', {
      input:
        'DELETE FROM t WHERE a = 2;\nCREATE TABLE more (t_a INT, FOREIGN KEY (t_a) REFERENCES t (a));\nCREATE VIEW w AS SELECT 1;\nCREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;\n',
    })

    const asked = await paas.ssh(`mysql:backups:restore kept ${id}`)
    expect(asked.exitCode).toBe(1)
    expect(asked.stderr).toContain('Nothing was done')
    const { before } = JSON.parse(await paas.ok(`mysql:backups:restore kept ${id} --confirm kept --json`))
    const facts = 'SHOW FULL TABLES; SELECT a FROM t; CALL p(); SHOW EVENTS;'
    expect((await sql('kept', facts)).stdout).toMatch(
      /^Tables_in_\w+\tTable_type\nt\tBASE TABLE\nv\tVIEW\na\n1\n2\n1\n1\n$/,
    )
    expect((await list('kept')).map((backup) => backup.id)).toEqual([before, id])
    await paas.ok(`mysql:backups:restore kept --confirm kept`)
    expect((await sql('kept', 'SELECT a FROM t; SELECT * FROM more; SHOW EVENTS;')).stdout).toContain(
      'a\n1\n',
    )
    expect((await sql('kept', 'SELECT * FROM w')).exitCode).toBe(0)
  })

  test('come out as SQL that mysql:import reads', async () => {
    const [newest] = await list('kept')
    const { stdout } = await execa(
      'ssh',
      ['-F', paas.sshConfig, '-o', 'BatchMode=yes', 'paas', 'mysql:backups:download kept'],
      { encoding: 'buffer', stripFinalNewline: false },
    )
    expect(stdout.length).toBe(newest?.bytes)
    expect(gunzipSync(stdout).toString()).toContain('INSERT INTO `t`')
  })

  test('that are damaged are not restored', async () => {
    const [newest] = await list('kept')
    const file = join(folders(), files().find((name) => name.endsWith(`${newest?.id}.sql.gz`)) ?? '')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    truncateSync(file, (newest?.bytes ?? 0) - 20)
    const ran = await paas.ssh('mysql:backups:restore kept --confirm kept')
    expect(ran.exitCode).toBe(1)
    expect(ran.stderr).toContain(`The backup ${newest?.id} of kept is damaged`)
    expect((await sql('kept', 'SELECT a FROM t')).stdout).toBe('a\n1\n')
  })

  test('that cannot be made leave nothing', async () => {
    await paas.ok('mysql:create hollow')
    await paas.ok('mysql:import hollow', {
      input: 'CREATE TABLE t (a INT);\nCREATE VIEW v AS SELECT a FROM t;\nDROP TABLE t;\n',
    })
    const archives = (): string[] => files().filter((name) => name.includes('/'))
    const before = [archives(), await admin('SHOW DATABASES')]
    const ran = await paas.ssh('mysql:backup hollow')
    expect(ran.exitCode).toBe(1)
    expect(ran.stderr).toContain('The export broke off and is not whole')
    expect(await list('hollow')).toEqual([])
    expect([archives(), await admin('SHOW DATABASES')]).toEqual(before)
    expect((await paas.ssh('mysql:backups:restore hollow')).stderr).toContain('mysql:backup hollow')
    expect((await paas.ssh('mysql:backups:download kept none')).stderr).toContain('mysql:backups kept')
  })

  test('go with their database', async () => {
    await paas.ok('mysql:destroy kept --force')
    await paas.ok('mysql:destroy hollow --force')
    expect(files()).toEqual([])
  })
})

describe('export and import', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString('hex')

  test('bring back every byte, with views, triggers, routines and events', async () => {
    await paas.ok('mysql:create source')
    await paas.ok('mysql:create target')
    const made = [
      'CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, s TEXT);',
      `INSERT INTO t VALUES (1, 0x${bytes}, 'a;b ''c'' 🐬\\n\\\\! x');`,
      'CREATE VIEW v AS SELECT f(id) AS id FROM t;',
      'DELIMITER ;;',
      'CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC BEGIN RETURN x + 1; END ;;',
      'CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.s = NEW.s; END ;;',
      'DELIMITER ;',
      'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE id = 2;',
    ]
    const [first = '', second = '', view = '', ...rest] = made
    await paas.ok('mysql:import source', { input: [first, second, ...rest, view].join('\n') })
    const { stdout: dump } = await execa(
      'ssh',
      ['-F', paas.sshConfig, '-o', 'BatchMode=yes', 'paas', 'mysql:export source'],
      { encoding: 'buffer', stripFinalNewline: false },
    )
    expect(Buffer.from(dump).includes('DEFINER=')).toBe(false)
    await paas.ok('mysql:import target', { input: dump })
    const facts = 'SELECT hex(b), s FROM t; SELECT * FROM v; SHOW TRIGGERS; SHOW EVENTS;'
    const plain = async (name: string) =>
      (await sql(name, facts)).stdout.replaceAll(
        /s[a-z2-7]{18}@\S+|paas[a-z2-7]{18}|\d{4}-\d\d-\d\d \S+/g,
        '',
      )
    expect(await plain('target')).toBe(await plain('source'))
    expect((await sql('target', 'SELECT hex(b), s FROM t')).stdout).toContain(bytes.toUpperCase())
    expect((await sql('target', 'SELECT s FROM t')).stdout).toContain('🐬\\n\\\\! x')
  })

  test('text of every character set comes back as it was', async () => {
    const tables = (sets: readonly string[]): string =>
      sets.map((set) => `CREATE TABLE ${set} (s TEXT CHARACTER SET ${set} COMMENT 'Größe');`).join('\n')
    const rows = (sets: readonly string[]): string =>
      sets.map((set) => `INSERT INTO ${set} VALUES ('Zürich \\'\\\\ ß');`).join('\n')
    for (const [name, sets] of [
      ['modern', ['utf8mb4', 'utf8mb3']],
      ['mixed', ['latin1', 'utf16', 'utf8mb4']],
    ] as const) {
      await paas.ok(`mysql:create ${name}`)
      await paas.ok(`mysql:create ${name}-copy`)
      await paas.ok(`mysql:import ${name}`, { input: `${tables(sets)}\n${rows(sets)}\n` })
      const dump = await paas.ok(`mysql:export ${name}`)
      expect(dump).toContain('SET NAMES utf8mb4')
      expect(dump).toContain("'Zürich \\'\\\\ ß'")
      await paas.ok(`mysql:import ${name}-copy`, { input: dump })
      for (const set of sets) {
        const hex = `SELECT hex(s) FROM ${set}; SHOW CREATE TABLE ${set};`
        expect((await sql(`${name}-copy`, hex)).stdout).toBe((await sql(name, hex)).stdout)
        expect((await sql(name, `SELECT s FROM ${set}`)).stdout).toContain('Zürich')
      }
    }
  })

  test('what an app has defined is exported too', async () => {
    expect((await query('blog', 'CREATE PROCEDURE p() SELECT 1')).status).toBe(200)
    expect(await paas.ok('mysql:export posts')).toContain('CREATE PROCEDURE `p`')
  })

  test('a clone has the same content', async () => {
    await paas.ok('mysql:clone source copy')
    expect((await sql('copy', 'SELECT hex(b) FROM t')).stdout).toContain(bytes.toUpperCase())
    expect((await paas.ssh('mysql:clone source target')).exitCode).toBe(1)
  })

  test('an import that fails says at which line', async () => {
    const ran = await paas.ssh('mysql:import first', {
      input:
        'CREATE TABLE half (a INT);\nINSERT INTO half VALUES (1);\nINSERT INTO nowhere VALUES (1);\nSELECT 1;\n',
    })
    expect(ran.exitCode).toBe(1)
    expect(ran.stderr).toContain('The import stopped at line 3: ')
    expect(ran.stderr).toContain('What stands before it is in the database')
    expect((await sql('first', 'SELECT a FROM half')).stdout).toBe('a\n1\n')
  })

  test('an import that is cut off does not run the half statement that it has', async () => {
    await paas.ok('mysql:create cut')
    await paas.ok('mysql:import cut', { input: 'CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2);' })
    const ssh = execa('ssh', ['-F', paas.sshConfig, '-o', 'BatchMode=yes', 'paas', 'mysql:import cut'], {
      reject: false,
    })
    ssh.stdin.write('INSERT INTO t VALUES (3);\nDELETE FROM t\n')
    await until('the first statement is run', async () =>
      (await sql('cut', 'SELECT * FROM t')).stdout.includes('3'),
    )
    ssh.kill('SIGKILL')
    await ssh
    await until(
      'the client is gone',
      async () =>
        (await admin("SELECT count(*) FROM information_schema.processlist WHERE user LIKE 's%'")) === '0',
    )
    expect((await sql('cut', 'SELECT count(*) AS n FROM t')).stdout).toBe('n\n3\n')
  })

  test.each([
    '\\! touch CANARY',
    'system touch CANARY',
    'source /etc/passwd',
    '\\. /etc/passwd',
    'tee CANARY',
    'pager touch CANARY',
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE half",
    "SELECT 1 INTO OUTFILE 'CANARY'",
    'GRANT ALL ON *.* TO current_user()',
    'USE mysql',
    'CREATE DEFINER = root@localhost PROCEDURE z() SELECT 1',
    '/*!100000 SET GLOBAL general_log = 1 */',
  ])('a hostile dump or statement runs nothing on the machine: %s', async (line) => {
    const canary = `/tmp/${paas.id}-canary`
    const text = line.replace('CANARY', canary)
    const imported = await paas.ssh('mysql:import first', { input: `SELECT 1;\n${text}\n;\n${text};\n` })
    const connected = await sql('first', `${text};\n`)
    if (!line.startsWith('CREATE DEFINER')) expect(imported.exitCode).toBe(1)
    expect(connected.exitCode).toBe(1)
    expect(imported.stderr + connected.stderr).not.toMatch(/Internal error|root:x/)
    expect(existsSync(canary)).toBe(false)
  })
})

test('connect runs statements and prints what mysql --batch would', async () => {
  const ran = await sql(
    'first',
    "SELECT 'a;b' AS x, NULL AS y; -- ; no\nSELECT 5--3 /* ; */ AS `c;d`;\nSELECT 'tab\\there' AS t",
  )
  expect(ran.stdout).toBe('x\ty\na;b\tNULL\nc;d\n8\nt\ntab\\there\n')
  const wrong = await sql('first', 'nonsense; SELECT 1;')
  expect(wrong.exitCode).toBe(1)
  expect(wrong.stdout).toBe('')
})

describe('MariaDB that dies in the middle', () => {
  const startSsh = (line: string) =>
    execa('ssh', ['-F', paas.sshConfig, '-o', 'BatchMode=yes', 'paas', line], {
      reject: false,
      stripFinalNewline: false,
      encoding: 'buffer',
    })
  /** Its supervisor starts it again. */
  const kill = async (): Promise<void> => {
    const pid = paas.pid('mysql') ?? 0
    process.kill(pid, 'SIGKILL')
    await until('MariaDB is gone', async () => !existsSync(`/proc/${pid}`))
  }
  const isBack = (name: string): Promise<void> =>
    until('MariaDB answers again', async () => (await paas.ssh(`mysql:info ${name}`)).exitCode === 0)

  test('of an import ends it with 75; what stood before is there, nothing after, and the next one goes on', async () => {
    await paas.ok('mysql:create torn')
    const importing = startSsh('mysql:import torn')
    importing.stdin.write('CREATE TABLE t (a INT);\nINSERT INTO t VALUES (1);\n')
    await until('the first row is there', async () =>
      (await sql('torn', 'SELECT a FROM t')).stdout.includes('1'),
    )
    await kill()
    importing.stdin.end('INSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\n')
    const ran = await importing
    const said = Buffer.from(ran.stderr).toString()
    expect(ran.exitCode, said).toBe(75)
    expect(said).toContain('The MySQL server went away, and the import broke off')
    expect(said).toContain('What stands before that is in the database')
    expect(said).toContain('then import again')
    expect(Buffer.from(ran.stdout).toString()).toBe('')
    await isBack('torn')
    expect((await sql('torn', 'SELECT a FROM t')).stdout).toBe('a\n1\n')
    await paas.ok('mysql:import torn', { input: 'INSERT INTO t VALUES (2);\n' })
    expect((await sql('torn', 'SELECT count(*) AS n FROM t')).stdout).toBe('n\n2\n')
  })

  test('of an export ends it with 75, and what has arrived does not say that it is whole', async () => {
    await paas.ok('mysql:create large')
    await paas.ok('mysql:import large', {
      input: `CREATE TABLE t (a INT, s LONGTEXT);\nINSERT INTO t SELECT seq, repeat('x', 100000) FROM seq_1_to_400;\n`,
    })
    const exporting = startSsh('mysql:export large')
    // Nobody reads on, so that most of it is still to come.
    await new Promise((resolve) => exporting.stdout.once('readable', resolve))
    await kill()
    exporting.stdout.resume()
    const ran = await exporting
    const said = Buffer.from(ran.stderr).toString()
    expect(ran.exitCode, said).toBe(75)
    expect(said).toContain('The export broke off and is not whole')
    expect(said).toContain('Throw away what has arrived, then try again')
    expect(Buffer.from(ran.stdout).length).toBeGreaterThan(0)
    expect(Buffer.from(ran.stdout).includes('-- Dump completed')).toBe(false)
    await isBack('large')
    expect(await paas.ok('mysql:export large')).toContain('-- Dump completed')
    await paas.ok('mysql:destroy large --force')
  })
})

describe('while MariaDB is down', () => {
  beforeAll(async () => {
    await paas.ok('mysql:create steady')
    await paas.ok('mysql:link steady other')
    await paas.ok('mysql:expose steady --from 203.0.113.0/24')
    for (const part of ['mysql.supervisor', 'mysql']) process.kill(paas.pid(part) ?? 0, 'SIGKILL')
    await until('MariaDB is gone', async () => !existsSync(`/proc/${paas.pid('mysql')}`))
  })

  test('database commands fail cleanly, with 75', async () => {
    for (const line of [
      'create late',
      'destroy steady --force',
      'info steady',
      'export steady',
      'clone steady x',
      'expose first',
      'backup steady',
    ]) {
      const ran = await paas.ssh(`mysql:${line}`)
      expect(ran).toMatchObject({ exitCode: 75, stdout: '' })
      expect(ran.stderr).toContain('MySQL is unavailable; nothing was changed')
    }
    expect((await paas.ssh('mysql:link first other')).exitCode).toBe(75)
    expect((await paas.ssh('mysql:connect steady', { input: 'SELECT 1' })).exitCode).toBe(75)
    expect((await paas.ssh('mysql:import steady', { input: 'SELECT 1;' })).exitCode).toBe(75)
    expect(JSON.parse(await paas.ok('mysql:links other --json'))).toMatchObject([{ name: 'steady' }])
  })

  test('why says so', async () => {
    expect(await paas.ok('why other')).toMatch(
      /The MySQL database \w+ does not answer\n.*Type: make status\n$/s,
    )
  })

  test('apps and deploys go on', async () => {
    const before = await environmentOf('other')
    await paas.ok('config:set other MORE=1')
    expect(await environmentOf('other')).toMatchObject({ MORE: '1', DATABASE_URL: before.DATABASE_URL })
  })

  test('an app is destroyed, a link taken, a database closed; their users go when it is back', async () => {
    await paas.ok('mysql:unexpose steady')
    await paas.ok('mysql:unlink posts blog')
    await paas.ok('apps:destroy other --force')
    await paas.up()
    const left = "SELECT count(*) FROM mysql.user WHERE user LIKE 'u%' OR user LIKE 'x%'"
    await until('the users are dropped', async () => (await admin(left).catch(() => '')) === '0')
    await paas.ok('mysql:info steady')
    expect((await paas.ssh('mysql:exists late')).exitCode).toBe(1)
    await paas.ok('mysql:create late')
  })
})
