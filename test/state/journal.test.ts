import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Apps } from '../../server/state/apps.ts'
import { Database } from '../../server/state/database.ts'
import { Journal } from '../../server/state/journal.ts'

let folder: string
let database: Database
let journal: Journal
let blog: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paas-journal-'))
  database = new Database(join(folder, 'state.db'))
  journal = new Journal(database, { keptJobs: 3 })
  blog = new Apps(database).create('blog').id
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

const told = { message: null, exitCode: 0 }
function ended(appId: string, kind: 'push' | 'destroy' = 'push'): number {
  const id = journal.begin({ appId, kind, who: 'ann' })
  journal.end(id, 'succeeded', told)
  return id
}
const ids = (appId: string): readonly number[] => journal.of(appId, 100).map(({ id }) => id)

test('the newest jobs of an app are kept, whatever happens to other apps', () => {
  const shop = new Apps(database).create('shop').id
  const first = ended(shop)
  const all = Array.from({ length: 6 }, () => ended(blog))
  expect(ids(blog)).toEqual(all.slice(-3).reverse())
  expect(ids(shop)).toEqual([first])
  expect(journal.find(all[0] ?? 0)).toBeUndefined()
})

test('a job under way stays, and so does what made a release that can still be brought back', () => {
  const open = journal.begin({ appId: blog, kind: 'push', who: 'ann' })
  const [kept, gone] = [ended(blog), ended(blog)]
  for (const [id, version, imageGone] of [
    [kept, 1, 0],
    [gone, 2, 1],
  ] as const) {
    journal.setVersion(id, version)
    database.run(
      `INSERT INTO release (app_id, version, image, config, processes, formation, port, description, created_by, created_at, image_gone)
       VALUES (?, ?, 'i', x'00', '{}', '{}', 5000, '', 'ann', '', ?)`,
      blog,
      version,
      imageGone,
    )
  }
  const newest = Array.from({ length: 3 }, () => ended(blog))
  expect(ids(blog)).toEqual([...newest.reverse(), kept, open])
})

test('the jobs of an app that is gone go, up to the newest that took one away', () => {
  const destroyed = Array.from({ length: 6 }, (_, number) => {
    const app = new Apps(database).create(`app-${number}`).id
    ended(app)
    const destroy = journal.begin({ appId: app, kind: 'destroy', who: 'ann' })
    database.run('DELETE FROM app WHERE id = ?', app)
    journal.forgetApp(app)
    journal.end(destroy, 'succeeded', told)
    expect(ids(app)).toEqual([destroy])
    return destroy
  })
  expect(destroyed.filter((id) => journal.find(id) !== undefined)).toEqual(destroyed.slice(-3))
})
