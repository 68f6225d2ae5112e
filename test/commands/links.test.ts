import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { killAfterStep } from '../kill-after-step.ts'
import { addPerson } from '../person.ts'
import { type Files, makeRepository, type Repository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

/** A page, and one that takes longer than a deploy. */
const page = (text: string): Files => ({
  ...staticApp(text),
  'www/cgi-bin/slow': '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\nsleep 5\necho slowly\n',
})

let paas: TestInstance
let api: Repository
beforeAll(async () => {
  paas = await startInstance()
  api = await makeRepository(page('first'))
  for (const app of ['api', 'shop', 'mallory']) {
    const push = await api.push(paas, app)
    expect(push.exitCode, push.stderr).toBe(0)
  }
}, 60_000)
afterAll(async () => {
  api?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

/** What a script prints in the container of the app's only web process. */
const inside = async (app: string, script: string): Promise<string> => {
  const { stdout, stderr } = await paas.ssh(`enter ${app} web.1 sh -c '${script}'`)
  return `${stdout}${stderr}`.trim()
}

const docker = async (...words: string[]): Promise<string[]> =>
  (await execa('docker', words)).stdout.split('\n').filter(Boolean)

const linkNetworks = (): Promise<string[]> =>
  docker('network', 'ls', '-q', '--filter', `label=paas.instance=${paas.id}`, '--filter', 'label=paas.link')

/** The address of an app's web process in the link's network. */
async function linkAddressOf(app: string): Promise<string> {
  const [network = ''] = await linkNetworks()
  const labels = ['--filter', `label=paas.instance=${paas.id}`, '--filter', `label=paas.app=${app}`]
  const ends = await docker('ps', '-q', ...labels, '--filter', `network=${network}`)
  const addresses = await docker(
    ...[
      'inspect',
      '--format',
      `{{range .NetworkSettings.Networks}}{{.NetworkID}} {{.IPAddress}}{{"\\n"}}{{end}}`,
    ],
    ...ends,
  )
  return addresses.find((line) => line.startsWith(network))?.split(' ')[1] ?? ''
}

const startedAt = async (app: string): Promise<string[]> => {
  await until('what was replaced is gone', async () => (await containersOf(app)).length === 1)
  return docker('inspect', '--format', '{{.State.StartedAt}}', ...(await containersOf(app)))
}

const containersOf = (app: string): Promise<string[]> => {
  const labels = [`paas.instance=${paas.id}`, `paas.app=${app}`, 'paas.process']
  return docker('ps', '-q', ...labels.flatMap((label) => ['--filter', `label=${label}`]))
}

test('without a link no app reaches another', async () => {
  expect(await inside('shop', 'timeout 2 wget -qO- http://api.internal')).toContain('bad address')
  expect(await paas.ok('links shop')).toBe('')
})

test('links:add gives the app a name and a variable for the other, whose containers are not replaced', async () => {
  const before = await startedAt('api')
  expect(await paas.ok('links:add shop api --plan')).toMatch(/links: \+ API \(api\)\n.*release: v2/)
  expect(await paas.ok('links:add shop api')).toContain(
    'Linked shop to api: API_URL=http://api.internal; v2 serves',
  )
  expect(await inside('shop', 'wget -qO- "$API_URL"')).toBe('first')
  expect(await paas.ok(`run shop sh -c 'wget -qO- "$API_URL"'`)).toBe('first\n')
  expect(await startedAt('api')).toEqual(before)
  expect(await paas.ok('links shop')).toBe('api  API_URL  http://api.internal\n')
  expect(JSON.parse(await paas.ok('links api --json'))).toEqual({ app: 'api', to: [], from: ['shop'] })
  expect(JSON.parse(await paas.ok('apps:report shop --json'))).toMatchObject({ links: ['api.internal'] })
  expect(JSON.parse(await paas.ok('releases:info shop --json'))).toMatchObject({ links: ['API'] })
  expect(await paas.ok('releases:diff shop v1 v2')).toContain('links: + API')
})

test('a link leads to the web port of the other alone, and in one direction', async () => {
  await using host = await openHostService()
  const [target, source] = [await linkAddressOf('api'), await linkAddressOf('shop')]
  expect(target).toMatch(/^10\./)
  const own = (await inside('api', 'hostname -i')).split(' ')
  const gateway = target.replace(/\d+$/, '1')
  const closed = [
    ['shop', `http://${target}:5000`],
    ['shop', `http://${gateway}:${host.port}`],
    ['shop', `http://${gateway}:81`],
    ...own.map((address): [string, string] => ['shop', `http://${address}:5000`]),
    ['api', `http://${source}:5000`],
    ['api', `http://${gateway}`],
    ['api', `http://${gateway}:${host.port}`],
    ['mallory', `http://${target}:5000`],
    ['mallory', `http://${gateway}`],
  ] as const
  const answers = await Promise.all(
    closed.map(async ([app, url]) => [app, url, await inside(app, `timeout 9 wget -qO- ${url}`)] as const),
  )
  // Nothing runs into a time limit: it is refused.
  for (const [app, url, said] of answers)
    expect(said, `${app} ${url}`).toMatch(/Connection refused|No route to host/)
  expect(await inside('shop', 'wget -qO- http://api.internal')).toBe('first')
})

test('deploys, scaling and another port of the other lose no request', async () => {
  const slow = inside('shop', 'wget -qO- "$API_URL/cgi-bin/slow"')
  const asking = paas.ssh(
    `enter shop web.1 sh -c 'while [ ! -e /tmp/enough ]; do wget -qO- "$API_URL" || echo failed; done'`,
  )
  await api.commit(page('second'))
  expect((await api.push(paas, 'api')).exitCode).toBe(0)
  await paas.ok('scale --app api web=2')
  await paas.ok('ports:set api 8123')
  await paas.ok('scale --app api web=1')
  await paas.ok('ps:restart api')
  await inside('shop', 'touch /tmp/enough')
  const lines = (await asking).stdout.trim().split('\n')
  expect([...new Set(lines)]).toEqual(['first', 'second'])
  expect(await slow).toBe('slowly')
  expect(lines.length).toBeGreaterThan(20)
})

test('it holds while the server is away, after its restart, and after a crash of the other', async () => {
  const before = [await startedAt('shop'), await startedAt('api')]
  await paas.kill('server')
  const [shop = ''] = await containersOf('shop')
  expect((await execa('docker', ['exec', shop, 'wget', '-qO-', 'http://api.internal'])).stdout).toBe('second')
  await paas.up()
  expect(await inside('shop', 'wget -qO- http://api.internal')).toBe('second')
  expect([await startedAt('shop'), await startedAt('api')]).toEqual(before)
  // The walls stand as they were put, with the links in them.
  expect(paas.log('server')).not.toContain('was changed from outside')
  await docker('kill', ...(await containersOf('api')))
  await until(
    'it answers again',
    async () => (await inside('shop', 'timeout 2 wget -qO- http://api.internal')) === 'second',
  )
})

test('a rename of the other changes nothing for the app, and links shows the new name', async () => {
  await paas.ok('apps:rename api backend')
  expect(await paas.ok('links shop')).toBe('backend  API_URL  http://api.internal\n')
  await paas.ok('config:set shop A=1')
  expect(await inside('shop', 'wget -qO- "$API_URL"')).toBe('second')
  await paas.ok('rollback shop')
  expect(await inside('shop', 'wget -qO- "$API_URL"')).toBe('second')
})

test('where nothing answers behind it, connections are refused at once, and why says so', async () => {
  await paas.ok('ps:stop backend')
  expect(await inside('shop', 'timeout 20 wget -qO- "$API_URL"')).toContain('refused')
  expect(await paas.ok('why shop')).toContain('Nothing answers behind api.internal')
  await paas.ok('ps:start backend')
  expect(await inside('shop', 'wget -qO- "$API_URL"')).toBe('second')
})

test('a link takes the right to change both apps, and is made once', async () => {
  const bob = await addPerson(paas, 'bob')
  await paas.ok('access:add shop bob -r developer')
  expect((await bob.ssh('links:add shop mallory')).exitCode).toBe(20)
  await paas.ok('access:add mallory bob -r viewer')
  expect((await bob.ssh('links:add shop mallory')).exitCode).toBe(77)
  expect((await bob.ssh('links shop')).stdout).toBe('an app of others  API_URL  http://api.internal\n')
  expect((await bob.ssh('links:remove shop backend')).exitCode).toBe(1)
  expect((await bob.ssh('links:remove shop API --plan')).stdout).toContain('links: - API')
  expect(await paas.ok('apps:clone shop copy --skip-deploy')).toContain(
    'The links of shop are not its own: API',
  )
  expect(await paas.ok('links copy')).toBe('')
  for (const [line, exitCode, message] of [
    ['links:add shop backend', 1, /linked to backend already, as API/],
    ['links:add shop shop', 1, /itself/],
    ['links:add shop nothing', 20, /no app "nothing"/],
    ['links:add shop mallory --as API', 1, /API_URL is something else's/],
    ['links:add shop mallory --as DATABASE', 1, /DATABASE_URL is something else's/],
    ['links:add shop mallory --as a-b', 1, /cannot be an alias/],
    ['links:remove shop mallory', 1, /no link to "mallory"/],
  ] as const) {
    const ran = await paas.ssh(line)
    expect(ran.exitCode, line).toBe(exitCode)
    expect(ran.stderr, line).toMatch(message)
  }
  expect(await linkNetworks()).toHaveLength(1)
})

test('undo takes a link back, and once more makes it again, with and without a release', async () => {
  const asks = (): Promise<string> => inside('mallory', 'timeout 2 wget -qO- http://backend.internal')
  await paas.ok('links:add mallory backend')
  expect(await paas.ok('undo mallory --plan')).toMatch(
    /takes back v2 \(Link backend as BACKEND\)[\s\S]*links: - BACKEND/,
  )
  expect(await paas.ok('undo mallory')).toContain('v3 serves')
  expect(await paas.ok('links mallory')).toBe('')
  expect(await asks()).toContain('bad address')
  await until('its network is gone', async () => (await linkNetworks()).length === 1)
  expect(await paas.ok('undo mallory')).toContain('v4 serves')
  expect(await asks()).toBe('second')

  await paas.ok('links:remove mallory backend --no-restart')
  expect(await paas.ok('undo mallory --plan')).toMatch(/the pending change of links[\s\S]*links: \+ BACKEND/)
  await paas.ok('undo mallory')
  expect(await paas.ok('links mallory')).toBe('backend  BACKEND_URL  http://backend.internal\n')
  await paas.ok('ps:restart mallory')
  expect(await asks()).toBe('second')

  await paas.ok('links:remove mallory backend')
  const eve = await addPerson(paas, 'eve')
  await paas.ok('access:add mallory eve -r developer')
  expect((await eve.ssh('undo mallory')).stderr).toContain(
    'The link BACKEND leads to an app that you may not change',
  )
  await paas.ok('config:set mallory A=1')
  expect((await eve.ssh('undo mallory')).exitCode).toBe(0)
  expect(await paas.ok('links mallory')).toBe('')
  await until('its network is gone', async () => (await linkNetworks()).length === 1)
})

test('links:remove takes name, variable and network away; --no-restart with the next release', async () => {
  await paas.ok('links:remove shop backend --no-restart')
  expect(await paas.ok('links shop')).toBe('')
  expect(await inside('shop', 'wget -qO- "$API_URL"')).toBe('second')
  await paas.ok('ps:restart shop')
  expect(await inside('shop', 'echo "<$API_URL>"; timeout 2 wget -qO- http://api.internal')).toMatch(
    /^<>\n.*bad address/,
  )
  await until('its network is gone', async () => (await linkNetworks()).length === 0)
})

test('destroying either app takes the link away, and the other one goes on', async () => {
  await paas.ok('links:add shop mallory --as BACK_END')
  await paas.ok('links:add mallory shop')
  expect(await inside('shop', 'wget -qO- "$BACK_END_URL"')).toBe('first')
  expect(await inside('mallory', 'wget -qO- http://shop.internal')).toBe('first')
  expect(await paas.ok('apps:destroy mallory --plan')).toContain('links of other apps to it: - shop')
  expect((await paas.ssh('apps:destroy mallory')).stderr).toContain('No longer reached by shop')
  await paas.ok('apps:destroy mallory --force')
  expect(await linkNetworks()).toEqual([])
  expect(await paas.ok('links shop')).toBe('')
  expect((await paas.get('shop.localhost')).body).toBe('first\n')
  await paas.ok('links:add backend shop')
  await paas.ok('apps:destroy backend --force')
  expect(await linkNetworks()).toEqual([])
})

test('where the app does not come up with it, there is no link', async () => {
  using picky = await makeRepository({
    ...page('picky'),
    Dockerfile:
      'FROM paas/busybox\nCOPY www /www\nCMD ["/bin/sh", "-c", "test -z \\"$SHOP_URL\\" && exec busybox httpd -f -p $PORT -h /www"]\n',
  })
  expect((await picky.push(paas, 'picky')).exitCode).toBe(0)
  expect((await paas.ssh('links:add picky shop')).exitCode).toBe(1)
  expect(await paas.ok('links picky')).toBe('')
  expect(await linkNetworks()).toEqual([])
  expect((await paas.get('picky.localhost')).body).toBe('picky\n')
})

test('a server that is killed in between leaves no half link', async () => {
  await paas.ok('apps:create later')
  await killAfterStep(paas, 'started', () => paas.ssh('links:add shop later'))
  await until('nothing of it is left', async () => (await linkNetworks()).length === 0)
  expect(await paas.ok('links shop')).toBe('')
  await paas.ok('links:add shop later')
  expect(await paas.ok('links shop')).toBe('later  LATER_URL  http://later.internal\n')
  expect(await paas.ok('links:add later shop')).toContain('it counts from the first deploy on')
})

/** Something of the host's own that listens on all of its addresses. */
async function openHostService(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((_, response) => response.end('open'))
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
