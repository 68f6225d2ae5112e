import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Database } from '../../server/state/database.ts'
import { Store } from '../../server/state/store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paas-database-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('migrations run once, and what is written outlives the process', () => {
  const first = new Store(folder)
  const { instanceId } = first
  const app = first.apps.create('blog')
  first.config.replace(app.id, { A: 'x\ny' })
  first.close()
  const second = new Store(folder)
  expect(second.instanceId).toBe(instanceId)
  expect(second.config.of(second.apps.find('blog')?.id ?? '')).toEqual({ A: 'x\ny' })
  second.close()
})

test('nobody else reads what is kept, while it is open and afterwards', () => {
  const store = new Store(folder)
  store.apps.create('blog')
  const modes = (): Record<string, number> =>
    Object.fromEntries(readdirSync(folder).map((file) => [file, statSync(join(folder, file)).mode & 0o777]))
  expect(modes()).toMatchObject({ 'state.db': 0o600, 'state.db-wal': 0o600, 'master.key': 0o600 })
  store.close()
  expect(modes()).toEqual({ 'state.db': 0o600, 'master.key': 0o600 })
})

test('a migration that comes later under a lower number runs all the same', () => {
  const migrations = join(folder, 'migrations')
  mkdirSync(migrations)
  const open = (): Database => new Database(join(folder, 'state.db'), migrations)
  const add = (file: string, sql: string): void => writeFileSync(join(migrations, file), sql)
  add('001-one.sql', 'CREATE TABLE one (number INTEGER) STRICT')
  add('003-three.sql', 'ALTER TABLE one ADD COLUMN three TEXT')
  open().close()
  add('002-two.sql', 'ALTER TABLE one ADD COLUMN two TEXT')
  open().close()
  const again = open()
  again.run('INSERT INTO one (number, two, three) VALUES (?, ?, ?)', 1, 'b', 'c')
  expect(again.get('SELECT two, three FROM one')).toEqual({ two: 'b', three: 'c' })
  again.close()
})

test('a store of an earlier version, which only counted, runs what is newer', () => {
  const migrations = join(folder, 'migrations')
  mkdirSync(migrations)
  const path = join(folder, 'state.db')
  writeFileSync(join(migrations, '001-one.sql'), 'CREATE TABLE one (number INTEGER) STRICT')
  const before = new Database(path, migrations)
  before.run('DROP TABLE migration')
  before.run('PRAGMA user_version = 1')
  before.close()
  writeFileSync(join(migrations, '002-two.sql'), 'ALTER TABLE one ADD COLUMN two TEXT')
  const after = new Database(path, migrations)
  after.run('INSERT INTO one (two) VALUES (?)', 'b')
  after.close()
})

test('a second process is refused while the first one lives', async () => {
  const path = join(folder, 'state.db')
  const database = new Database(path)
  const module = pathToFileURL(join(import.meta.dirname, '../../server/state/database.ts')).href
  const open = () =>
    execa(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { Database } = await import('${module}'); new Database('${path}').close()`,
      ],
      {
        reject: false,
      },
    )
  const refused = await open()
  expect(refused.exitCode).not.toBe(0)
  expect(refused.stderr).toContain('Another server already runs')
  database.close()
  expect((await open()).exitCode).toBe(0)
})

test('a transaction lasts as a whole or not at all, nested calls included', () => {
  const store = new Store(folder)
  expect(() =>
    store.transaction(() => {
      store.transaction(() => store.apps.create('inner'))
      store.apps.create('outer')
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(store.apps.list()).toEqual([])
  store.transaction(() => store.apps.create('kept'))
  expect(store.apps.list().map((app) => app.name)).toEqual(['kept'])
  store.close()
})

test('what belongs to an app goes with it', () => {
  const store = new Store(folder)
  const app = store.apps.create('blog')
  const user = store.people.createUser('ann', 'member')
  store.people.addKey({ fingerprint: 'SHA256:x', userId: user.id, publicLine: 'x' })
  store.people.grant(app.id, user.id, 'viewer')
  store.people.setDefaultApp('SHA256:x', app.id)
  store.domains.add(app.id, 'example.com')
  store.config.replace(app.id, { A: '1' })
  store.apps.delete(app.id)
  expect(store.people.roleOn(app.id, user.id)).toBeUndefined()
  expect(store.people.key('SHA256:x')?.defaultApp).toBeNull()
  expect(store.domains.ownerOf('example.com')).toBeUndefined()
  expect(store.config.of(app.id)).toEqual({})
  store.close()
})
