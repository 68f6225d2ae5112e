import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startInstance, type TestInstance } from '../instance.ts'
import { addPerson, type Person, stranger } from '../person.ts'

// Who makes, sees and ends API tokens. What one may do with them is told in test/rights.test.ts and test/api.
let paas: TestInstance
let ann: Person
beforeAll(async () => {
  paas = await startInstance()
  for (const app of ['blog', 'shop', 'wiki']) await paas.ok(`apps:create ${app}`)
  ann = await addPerson(paas, 'ann')
  await paas.ok('access:add blog ann')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const made = async (line: string, by: Person | TestInstance = paas): Promise<Record<string, unknown>> => {
  const { stdout, stderr, exitCode } = await by.ssh(`${line} --json`)
  expect(exitCode, stderr).toBe(0)
  return JSON.parse(stdout)
}

test('a token is shown once, and kept nowhere', async () => {
  const { token, ...facts } = await made('tokens:create ci --app blog --app shop --role viewer --expires 30d')
  expect(token).toMatch(/^paas_[a-z2-7]{10}_[\w-]{43}$/)
  expect(facts).toMatchObject({ name: 'ci', role: 'viewer', apps: ['blog', 'shop'] })
  const days = (Date.parse(`${facts.expires}`) - Date.now()) / 86_400_000
  expect(Math.round(days)).toBe(30)
  const secret = `${token}`.slice(-43)
  const found = await execa({ reject: false })`grep -rlaF -- ${secret} ${paas.home}`
  expect(found.stdout).toBe('')
  const [listed] = JSON.parse(await paas.ok('tokens --json'))
  expect(listed).toEqual({
    ...{ id: facts.id, user: 'admin', name: 'ci', role: 'viewer', apps: ['blog', 'shop'], ended: false },
    ...{ created: expect.any(String), expires: facts.expires, used: null },
  })
  expect(await paas.ok('tokens:list')).toMatch(
    /^\S{10} +admin +ci +viewer +blog shop +\d{4}-\d\d-\d\d +not used yet\n$/,
  )
  await paas.ok('tokens:revoke ci')
})

test('what is asked of a token is said: for which app, a known role, an end', async () => {
  for (const [line, words] of [
    ['tokens:create x', 'For which app?'],
    ['tokens:create x --all --app blog', 'exclude each other'],
    ['tokens:create x --app blog --role owner', '"owner" is no role'],
    ['tokens:create x --app blog --role server', 'for the whole server'],
    ['tokens:create "a b" --app blog', "cannot be a token's name"],
    ['tokens:create x --app blog --expires soon', 'is no time to end after'],
    ['tokens:create x --app blog --expires 0d', 'is no time to end after'],
    ['tokens:create x --app blog --expires 9999d', 'is no time to end after'],
    ['tokens:create', 'tokens:create needs NAME'],
  ] as const)
    expect(await paas.ssh(line), line).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining(words),
    })
  expect((await paas.ssh('tokens:create x --app nothing')).exitCode).toBe(20)
  expect(await paas.ok('tokens:create x --app blog --plan')).toMatch(
    /token of admin: \+ x, developer of blog, until /,
  )
  expect(JSON.parse(await paas.ok('tokens --json'))).toEqual([])
  await made('tokens:create x --all --expires never')
  expect((await paas.ssh('tokens:create x --all')).stderr).toContain('You have a token "x" already')
  expect(await paas.ok('tokens')).toMatch(/x +developer +every app +never +not used yet\n$/)
  await paas.ok('tokens:revoke x')
})

test('a member makes tokens for what he sees, and never one for the server', async () => {
  expect((await ann.ssh('tokens:create x --app shop')).exitCode).toBe(20)
  expect((await ann.ssh('tokens:create x --all --role server')).exitCode).toBe(77)
  await made('tokens:create mine --all --role admin', ann)
  const own = JSON.parse((await ann.ssh('tokens --json')).stdout)
  expect(own).toMatchObject([{ user: 'ann', name: 'mine', apps: 'every' }])
  await ann.ssh('tokens:revoke mine')
})

test('one ends one’s own, an admin any by its id, and who has found one pastes it', async () => {
  const { id } = await made('tokens:create root --all --role server')
  expect(await ann.ssh(`tokens:revoke ${id}`)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(`There is no token ${id}`),
  })
  expect((await ann.ssh('tokens:revoke root')).exitCode).toBe(1)
  const { id: other } = await made('tokens:create mine --app blog', ann)
  expect((await paas.ssh('tokens:revoke mine')).exitCode).toBe(1)
  expect(await paas.ok(`tokens:revoke ${other} --plan`)).toContain('token of ann: - mine')
  await paas.ok(`tokens:revoke ${other}`)
  expect((await paas.ssh(`tokens:revoke ${other}`)).exitCode).toBe(1)
  await paas.ok('tokens:revoke root')
  const { token } = await made('tokens:create found --app blog')
  expect(await paas.ok(`tokens:revoke ${token}`)).toContain('Revoked found')
  const audit = await paas.ok('audit -n 5 --json')
  expect(audit).toContain(`${token}`.replace(/[\w-]{43}$/, '...'))
  expect(audit).not.toContain(`${token}`)
})

test('the audit and the events name a token, its scope and its end', async () => {
  const { id } = await made('tokens:create told --app wiki --role viewer')
  const audit = JSON.parse(await paas.ok('audit -n 1 --json'))
  expect(JSON.stringify(audit)).toContain('tokens:create')
  expect(JSON.stringify(audit)).toContain('--app wiki')
  await paas.ok('apps:destroy wiki --force')
  expect(JSON.parse(await paas.ok('tokens --json'))).toMatchObject([{ id, apps: [] }])
  expect(await paas.ok('tokens')).toContain('none is left')
  await paas.ok('tokens:revoke told')
  const events = await paas.ok('events -n 20')
  expect(events).toContain(`token-created admin: admin has one more API token: told (${id}), viewer of wiki`)
  expect(events).toContain(`token-revoked admin: admin has one API token less: told (${id})`)
})

test('a user who is removed takes his tokens along', async () => {
  const eva = await addPerson(paas, 'eva')
  await paas.ok('access:add blog eva')
  const { id } = await made('tokens:create ci --all', eva)
  expect(await paas.ok('users:remove eva --plan')).toContain(`token of eva: - ci (${id})`)
  expect(await paas.ok('users:remove eva')).toContain('Removed eva and 1 keys, 1 API tokens')
  expect(await paas.ok('tokens')).toBe('')
})

test('with the last key of a user go his tokens, whichever key made them', async () => {
  const ned = await addPerson(paas, 'ned')
  await paas.ok('access:add blog ned')
  const first = await made('tokens:create ci --all', ned)
  const other = await stranger(paas, 'ned-too')
  await paas.ok('keys:add ned', { input: other.publicLine })
  const second = await made('tokens:create status --app blog', other)
  const plan = await paas.ok('keys:remove ned --plan')
  for (const { name, id } of [first, second]) expect(plan).toContain(`token of ned: - ${name} (${id})`)
  expect(JSON.parse(await paas.ok('tokens --json'))).toHaveLength(2)
  const said = await paas.ok('keys:remove ned')
  expect(said).toContain(`Ended the API token ci (${first.id}): ned has no key any more`)
  expect(said).toContain(`Ended the API token status (${second.id})`)
  expect(await paas.ok('tokens')).toBe('')
  expect(await paas.ok('events -n 20')).toContain(
    `token-revoked admin: ned has one API token less: ci (${first.id})`,
  )
})

test('while a user has another key tokens go on, and those made with the removed one are named', async () => {
  const tom = await addPerson(paas, 'tom')
  await paas.ok('access:add blog tom')
  const [key] = JSON.parse((await tom.ssh('keys --json')).stdout) as { fingerprint: string }[]
  const fromLaptop = await made('tokens:create laptop --all', tom)
  const other = await stranger(paas, 'tom-too')
  await paas.ok('keys:add tom', { input: other.publicLine })
  const fromDesk = await made('tokens:create desk --all', other)
  const said = await paas.ok(`keys:remove ${key?.fingerprint}`)
  expect(said).toContain(
    `The API token laptop, made with it, goes on. End it: tokens:revoke ${fromLaptop.id}`,
  )
  expect(said).not.toContain('desk')
  const left = JSON.parse((await other.ssh('tokens --json')).stdout) as { id: string }[]
  expect(left.map(({ id }) => id)).toEqual([fromLaptop.id, fromDesk.id])
  await paas.ok(`tokens:revoke ${fromLaptop.id}`)
})
