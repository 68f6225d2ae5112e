import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const web = 'web: busybox httpd -f -p $PORT -h /www'

test('the release command runs once, before the swap, with the config of the new release', async () => {
  await paas.ok('apps:create shop')
  await paas.ok('config:set shop SCHEMA=7')
  using repository = await makeRepository({
    ...staticApp('open'),
    Procfile: `${web}\nrelease: echo migrating to $SCHEMA in $PAAS_RELEASE\n`,
  })
  const push = await repository.push(paas, 'shop')
  expect(push.exitCode).toBe(0)
  expect(push.stderr.match(/migrating to 7 in v1/g)).toHaveLength(1)
  expect(push.stderr.indexOf('migrating to 7')).toBeLessThan(push.stderr.indexOf('Starting web'))
  expect((await paas.get('shop.localhost')).body).toBe('open\n')
  expect(JSON.parse(await paas.ok('scale shop --json'))).toEqual({ web: 1 })
  expect(await paas.ssh('scale shop release=1')).toMatchObject({ exitCode: 1 })
})

test('a release command that fails refuses the push with its output, and the old release serves on', async () => {
  using repository = await makeRepository({ ...staticApp('old'), Procfile: `${web}\n` })
  expect((await repository.push(paas, 'ledger')).exitCode).toBe(0)
  await repository.commit({
    ...staticApp('new'),
    Procfile: `${web}\nrelease: echo no such table; exit 4\n`,
  })
  const push = await repository.push(paas, 'ledger')
  expect(push.exitCode).not.toBe(0)
  expect(push.stderr).toContain('no such table')
  expect(push.stderr).toContain('(The release command exited with code 4)')
  expect((await paas.get('ledger.localhost')).body).toBe('old\n')
  expect(JSON.parse(await paas.ok('releases ledger --json'))).toHaveLength(1)
})
