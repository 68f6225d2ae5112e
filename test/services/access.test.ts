import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { actorOf } from '../../server/access.ts'
import type { Call } from '../../server/command.ts'
import { visibleServices } from '../../server/services/access.ts'
import { Store } from '../../server/state/store.ts'
import type { NewToken } from '../../server/state/tokens.ts'

let folder: string
let store: Store
let annId: string
let rootId: string
let blogId: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paas-services-'))
  store = new Store(folder)
  annId = store.people.createUser('ann', 'member').id
  rootId = store.people.createUser('root', 'admin').id
  blogId = store.apps.create('blog').id
  store.people.grant(blogId, annId, 'admin')
  for (const [name, ownerId] of [
    ['of-ann', annId],
    ['of-root', rootId],
  ] as const)
    store.services.add({
      id: `id-${name}`,
      kind: 'mysql',
      name,
      ownerId,
      state: 'ready',
      database: `db-${name}`,
      user: `user-${name}`,
      password: 'secret',
      createdAt: new Date().toISOString(),
    })
})
afterAll(() => {
  store?.close()
  rmSync(folder, { recursive: true, force: true })
})

let made = 0
function seenBy(userId: string, scope: Pick<NewToken, 'apps' | 'role'> | 'key'): readonly string[] {
  const fingerprint =
    scope === 'key'
      ? 'SHA256:x'
      : `token:${store.tokens.create({ userId, name: `t${made++}`, madeWith: null, expiresAt: null, ...scope }).id}`
  const user = actorOf(store, { userId, name: '', fingerprint })
  return visibleServices({ paas: { store }, user } as unknown as Call, 'mysql').map(({ name }) => name)
}

test('one sees the databases that one owns, and an admin of the server all', () => {
  expect(seenBy(annId, 'key')).toEqual(['of-ann'])
  expect(seenBy(rootId, 'key')).toEqual(['of-ann', 'of-root'])
})

test('a token that is held to some apps, or to a lesser role, sees none, whoever made it', () => {
  const blog = new Set([blogId])
  for (const userId of [annId, rootId]) {
    expect(seenBy(userId, { apps: blog, role: 'admin' })).toEqual([])
    expect(seenBy(userId, { apps: 'every', role: 'developer' })).toEqual([])
  }
  expect(seenBy(annId, { apps: 'every', role: 'admin' })).toEqual(['of-ann'])
  expect(seenBy(annId, { apps: 'every', role: 'server' })).toEqual(['of-ann'])
  expect(seenBy(rootId, { apps: 'every', role: 'admin' })).toEqual(['of-root'])
  expect(seenBy(rootId, { apps: 'every', role: 'server' })).toEqual(['of-ann', 'of-root'])
})
