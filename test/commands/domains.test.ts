import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { addPerson, type Person } from '../person.ts'
import { makeRepository } from '../repository.ts'

vi.setConfig({ testTimeout: 60_000 })

// Paths of a domain that lead to another app.
let paas: TestInstance
let ann: Person
let bob: Person
beforeAll(async () => {
  paas = await startInstance()
  ann = await addPerson(paas, 'ann')
  bob = await addPerson(paas, 'bob')
  for (const [name, path] of [
    ['site', 'www/index.html'],
    ['api', 'www/api/index.html'],
  ] as const) {
    using repository = await makeRepository({ ...staticApp('-'), [path]: `${name}\n` })
    const push = await repository.push(paas, name)
    expect(push.exitCode, push.stderr).toBe(0)
  }
  await paas.ok('domains:add site www.example.com')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const body = async (host: string, path: string): Promise<string> => (await paas.get(host, path)).body

test('a path of a domain leads to another app from the moment at which the command returns', async () => {
  expect(await body('www.example.com', '/api/')).not.toBe('api\n')
  expect(await paas.ok('domains:add api WWW.example.com/api/ --plan')).toContain('+ www.example.com/api')
  const added = JSON.parse(await paas.ok('domains:add api WWW.example.com/api/ site.localhost/api --json'))
  expect(added.domains).toEqual(['api.localhost', 'www.example.com/api', 'site.localhost/api'])
  for (const host of ['www.example.com', 'site.localhost']) {
    expect(await body(host, '/api/')).toBe('api\n')
    expect(await body(host, '/')).toBe('site\n')
    expect((await paas.get(host, '/api/../')).status).toBe(400)
  }
  expect(await paas.ok('domains api')).toBe('api.localhost\nwww.example.com/api\nsite.localhost/api\n')
  expect(await paas.ok('url api')).toContain(`http://www.example.com:${paas.httpPort}/api\n`)
  const routes = JSON.parse(await paas.ok('routes api --json')) as { host: string; backends: unknown[] }[]
  expect(routes.map(({ host, backends }) => [host, backends.length])).toEqual([
    ['api.localhost', 1],
    ['www.example.com/api', 1],
    ['site.localhost/api', 1],
  ])
  expect(await paas.ok('router site')).toMatch(/^paths of other apps +www\.example\.com\/api -> api/m)

  await paas.ok('domains:remove api site.localhost/api')
  expect(await body('site.localhost', '/api/')).not.toBe('api\n')
  await paas.ok('undo api')
  expect(await body('site.localhost', '/api/')).toBe('api\n')
  await paas.ok('undo api')
  expect(await paas.ok('domains api')).toBe('api.localhost\nwww.example.com/api\n')
  expect((await paas.ssh('domains:remove api www.example.com')).exitCode).toBe(1)
})

test('certificates go by host: the one of the domain serves its paths, and is asked for by its app alone', async () => {
  await paas.ok('certs:generate site')
  expect((await paas.get('www.example.com', '/api/')).headers.location).toMatch(
    /^https:\/\/www\.example\.com/,
  )
  expect(await paas.ok('apps:report api --json')).toContain('https://www.example.com:')
  await paas.ok('certs:set site redirect off')
  expect(await body('www.example.com', '/api/')).toBe('api\n')
  expect(JSON.parse(await paas.ok('certs api --json'))).toMatchObject({
    secured: [],
    plain: ['api.localhost'],
  })
  await paas.ok('certs:generate api')
  expect(JSON.parse(await paas.ok('certs api --json'))).toMatchObject({ names: ['api.localhost'] })
  await paas.ok('certs:remove api')
  await paas.ok('certs:remove site')
  expect((await paas.ssh('letsencrypt:enable api')).stderr).toContain('no domain that')
})

test('a path is given by who develops the app of its domain, and to everybody else the domain is taken', async () => {
  await ann.ssh('apps:create attic')
  await paas.ok('access:add site bob -r viewer')
  await bob.ssh('apps:create barn')
  const claim = (person: Person, app: string, domain: string) => person.ssh(`domains:add ${app} ${domain}`)
  for (const domain of [
    'www.example.com/login',
    'www.example.com/api/v2',
    'site.localhost/x',
    'SITE.localhost./x',
    'localhost/x',
    'www.example.com/api',
  ]) {
    const refused = await claim(ann, 'attic', domain)
    expect(refused, domain).toMatchObject({ exitCode: 1, stdout: '' })
    expect(refused.stderr, domain).toContain('is taken')
    expect((await claim(bob, 'barn', domain)).stderr, domain).toContain('is taken')
  }
  await paas.ok('domains:add site *.wild.example')
  expect((await claim(ann, 'attic', 'any.wild.example/x')).stderr).toContain('is taken')
  expect((await claim(ann, 'attic', '*.example.com/x')).exitCode).toBe(77)
  for (const domain of ['www.example.com//x', 'www.example.com/../x', 'www.example.com/%78'])
    expect((await paas.ssh(`domains:add api ${domain}`)).stderr, domain).toContain('whole segments')

  await paas.ok('access:add site ann')
  expect(await claim(ann, 'attic', 'www.example.com/login')).toMatchObject({ exitCode: 0 })
  // Of another's path only its app's people and those of the domain dispose.
  const api = await claim(ann, 'attic', 'www.example.com/api')
  expect(api.exitCode).toBe(1)
  expect(api.stderr).toContain('The domain www.example.com/api is taken by api\n')
  expect(api.stderr).toContain(
    'Ask admin or an admin of the server for: domains:remove api www.example.com/api',
  )
  expect(await paas.ok('router site')).toContain('www.example.com/api -> api')
  expect((await ann.ssh('router site')).stdout).toContain('www.example.com/api -> api')
  expect((await bob.ssh('router site')).stdout).toContain('www.example.com/api -> another app')
  await ann.ssh('domains:remove attic www.example.com/login')
  await paas.ok('access:remove site ann')
  expect((await ann.ssh('undo attic')).stderr).toContain('www.example.com/login is taken')
  expect(await paas.ok('domains attic')).toBe('attic.localhost\n')
})

test('a path that another app has is taken back by who develops that app, and by an admin', async () => {
  await ann.ssh('domains:add attic old.example/docs')
  await paas.ok('domains:add site old.example')
  const own = await ann.ssh('domains:add attic old.example/docs')
  expect(own.exitCode, own.stderr).toBe(0)
  await paas.ok('access:add site bob -r developer')
  const asked = await bob.ssh('domains:add site old.example/docs')
  expect(asked.stderr).toContain('The domain old.example/docs is taken by attic\n')
  expect(asked.stderr).toContain(
    'Ask ann or an admin of the server for: domains:remove attic old.example/docs',
  )
  expect((await bob.ssh('domains:remove attic old.example/docs')).exitCode).toBe(20)
  const admin = await paas.ssh('domains:add site old.example/docs')
  expect(admin.stderr).toContain('taken by attic\n       domains:remove attic old.example/docs')
  await paas.ok('domains:remove attic old.example/docs')
  await bob.ssh('domains:add site old.example/docs')
  expect(await paas.ok('domains site')).toContain('old.example/docs')
  await paas.ok('domains:remove site old.example/docs old.example')
  await paas.ok('access:add site bob -r viewer')
})

test('who has a path of a domain that is nobody’s keeps strangers off the rest of it', async () => {
  expect((await ann.ssh('domains:add attic new.example/docs')).exitCode).toBe(0)
  for (const domain of ['new.example', 'new.example/docs/x', 'new.example/x'])
    expect((await bob.ssh(`domains:add barn ${domain}`)).stderr, domain).toContain('is taken')
  expect(await paas.ok('domains:add site new.example')).toContain('new.example')
  // An app's name is a domain as well.
  expect((await ann.ssh('domains:add attic house.localhost/docs')).exitCode).toBe(0)
  for (const line of ['apps:create house', 'apps:rename barn house'])
    expect((await bob.ssh(line)).stderr, line).toContain('The name "house" is taken')
  expect((await ann.ssh('apps:create house')).exitCode).toBe(0)
})
