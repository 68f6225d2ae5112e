import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { Database } from '../../server/state/database.ts'
import { Store } from '../../server/state/store.ts'

let home: string
let key: string
let next: string
let appId: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'paas-master-key-'))
  key = join(home, 'master.key')
  next = join(home, 'master.key.next')
  using store = opened()
  appId = store.it.apps.create('blog').id
  store.it.config.replace(appId, { TOKEN: 'a secret', EMPTY: '' })
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function opened(): Disposable & { readonly it: Store } {
  const it = new Store(home)
  return { it, [Symbol.dispose]: () => it.close() }
}

const secrets = (): unknown => {
  using store = opened()
  return store.it.config.of(appId)
}

function rotate(): number {
  using store = opened()
  const values = store.it.masterKey.rotate()
  // It goes on with the new key at once.
  expect(store.it.config.of(appId)).toEqual({ TOKEN: 'a secret', EMPTY: '' })
  store.it.config.replace(appId, { TOKEN: 'a secret', EMPTY: '', LATER: 'x' })
  return values
}

test('everything is sealed with a new key, and the old one opens nothing', () => {
  const old = readFileSync(key, 'utf8')
  expect(rotate()).toBe(3)
  expect(readFileSync(key, 'utf8')).not.toBe(old)
  expect(existsSync(next)).toBe(false)
  expect(secrets()).toEqual({ TOKEN: 'a secret', EMPTY: '', LATER: 'x' })
  writeFileSync(key, old)
  expect(() => new Store(home)).toThrow(UserError)
  expect(() => new Store(home)).toThrow(/not the master key that this state store was written with/)
})

test('what was sealed with the old key is in no file any more', () => {
  const before = sealedValues()
  expect(before).toHaveLength(2)
  const inFiles = (): readonly Buffer[] => {
    const files = readdirSync(home).filter((name) => name.startsWith('state.db'))
    const contents = files.map((name) => readFileSync(join(home, name)))
    return before.filter((sealed) => contents.some((content) => content.includes(sealed)))
  }
  expect(inFiles()).toHaveLength(2)
  using store = opened()
  store.it.masterKey.rotate()
  expect(inFiles()).toEqual([])
})

test('one that was killed before its commit has not been, and one that was killed after it has', () => {
  const old = readFileSync(key, 'utf8')
  writeFileSync(next, `${'ab'.repeat(32)}\n`)
  expect(secrets()).toMatchObject({ TOKEN: 'a secret' })
  expect([readFileSync(key, 'utf8'), existsSync(next)]).toEqual([old, false])

  rotate()
  const rotated = readFileSync(key, 'utf8')
  copyFileSync(key, next)
  writeFileSync(key, old)
  expect(secrets()).toMatchObject({ TOKEN: 'a secret', LATER: 'x' })
  expect([readFileSync(key, 'utf8'), existsSync(next)]).toEqual([rotated, false])
})

/** What of the config is in the state store. */
function sealedValues(): readonly Buffer[] {
  const database = new Database(join(home, 'state.db'))
  try {
    return database.all('SELECT value FROM config_var').map(({ value }) => Buffer.from(value as Uint8Array))
  } finally {
    database.close()
  }
}
