import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Store } from '../../server/state/store.ts'
import { withoutTokens } from '../../server/state/tokens.ts'

let folder: string
let store: Store
let userId: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paas-tokens-'))
  store = new Store(folder)
  userId = store.people.createUser('ann', 'member').id
})
afterAll(() => {
  store?.close()
  rmSync(folder, { recursive: true, force: true })
})

const make = (name: string, expiresAt: string | null = null): { id: string; secret: string } =>
  store.tokens.create({ userId, name, role: 'viewer', apps: 'every', madeWith: null, expiresAt })

test('a secret proves its own token and no other', () => {
  const one = make('one')
  const other = make('other')
  expect(store.tokens.prove(one.secret)).toMatchObject({ id: one.id, userName: 'ann', name: 'one' })
  const mixed = `${one.secret.slice(0, 16)}${other.secret.slice(16)}`
  for (const secret of [
    '',
    'paas_',
    mixed,
    one.id,
    `${one.secret} `,
    one.secret.slice(0, -1),
    `${one.secret}A`,
    one.secret.toUpperCase(),
    `paas_${'a'.repeat(10)}_${'A'.repeat(43)}`,
    'A'.repeat(100_000),
  ])
    expect(store.tokens.prove(secret), secret.slice(0, 80)).toBeUndefined()
  store.tokens.revoke(one.id)
  expect(store.tokens.prove(one.secret)).toBeUndefined()
  expect(store.tokens.prove(other.secret)).toBeDefined()
})

test('a token whose end has come proves nothing, and is still there to be seen', () => {
  const { id, secret } = make('past', new Date(Date.now() - 1).toISOString())
  expect(store.tokens.prove(secret)).toBeUndefined()
  expect(store.tokens.live(`token:${id}`)).toBeUndefined()
  expect(store.tokens.find(`token:${id}`)?.name).toBe('past')
  expect(store.tokens.find(`SHA256:${id}`)).toBeUndefined()
})

test('its use is written down once a minute, not with each request', () => {
  const { id } = make('used')
  const now = () => store.tokens.find(`token:${id}`) ?? expect.fail()
  expect(now().usedAt).toBeNull()
  store.tokens.used(now())
  const first = now().usedAt
  expect(Date.now() - Date.parse(`${first}`)).toBeLessThan(60_000)
  store.tokens.used(now())
  expect(now().usedAt).toBe(first)
  store.tokens.used({ ...now(), usedAt: new Date(Date.now() - 61_000).toISOString() })
  expect(now().usedAt).not.toBeNull()
})

test('a text is kept without what is secret of the tokens in it', () => {
  const { id, secret } = make('shown')
  expect(withoutTokens(`a ${secret}, ${secret}`)).toBe(`a paas_${id}_..., paas_${id}_...`)
})
