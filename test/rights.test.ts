import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Command, Right } from '../server/command.ts'
import { dispatch } from '../server/dispatch.ts'
import type { Paas } from '../server/paas.ts'
import { loadRegistry, type Registry } from '../server/registry.ts'
import type { Session } from '../server/ssh/session.ts'
import { Store } from '../server/state/store.ts'
import type { TokenRole } from '../server/state/tokens.ts'
import { addPeopleWithRoles, needs, type Person, people, sees } from './people-with-roles.ts'

// What is audited is told elsewhere; here thousands of commands run.
const events = { begin: () => 1, end: () => {}, refuse: () => {} }

// The dispatcher in this process, on a real store; only what commands do is left out.
let folder: string
let store: Store
let registry: Registry
const ran: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paas-rights-'))
  store = new Store(folder)
  addPeopleWithRoles(store)
  const real = await loadRegistry()
  const harmless = (name: string, command: Command): Command => ({
    ...command,
    run: async (call) => {
      ran.push(`${name} ${call.appIfAny?.name ?? ''}`.trim())
    },
  })
  registry = {
    commands: real.commands,
    find: (word) => {
      const { name, command } = real.find(word)
      return { name, command: harmless(name, command) }
    },
  }
})
afterAll(() => {
  store?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function type(
  name: Person,
  line: string,
  fingerprint = `SHA256:${name}`,
): Promise<{ code: number; said: string }> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const user = store.people.userByName(name)
  const session: Session = {
    person: { userId: user?.id ?? '', name, fingerprint },
    sshUser: 'paas',
    address: '127.0.0.1',
    line,
    environment: {},
    stdin: new PassThrough(),
    stdout,
    stderr,
    terminal: undefined,
    signal: new AbortController().signal,
  }
  const paas = {
    store,
    log: () => {},
    settings: { home: folder, domain: 'localhost' },
    events,
  } as unknown as Paas
  const code = await dispatch(paas, registry, session)
  stdout.end()
  stderr.end()
  return { code, said: (await text(stdout)) + (await text(stderr)) }
}

const commands = [...(await loadRegistry()).commands]
const wordsFor = (command: Command): string =>
  (command.arguments ?? []).flatMap(({ required }) => (required ? ['x'] : [])).join(' ')

test.each(commands)('%s runs for whom it declares and for nobody else', async (name, command) => {
  for (const person of people) {
    if (command.app === 'none') {
      const { code } = await type(person, `${name} -- ${wordsFor(command)}`)
      expect(code, person).toBe(needs[command.right].includes(person) ? 0 : 77)
      continue
    }
    for (const app of ['own', 'foreign', 'absent']) {
      const { code, said } = await type(person, `${name} --app ${app} -- ${wordsFor(command)}`)
      const expected = !sees(person, app) ? 20 : needs[command.right].includes(person) ? 0 : 77
      expect(code, `${person} on ${app}: ${said}`).toBe(expected)
    }
  }
})

test.each(commands)('%s says the same of a foreign app as of none', async (name, command) => {
  if (command.app === 'none') return
  const foreign = await type('developer', `${name} --app foreign`)
  const absent = await type('developer', `${name} --app absent`)
  expect(foreign.said.replaceAll('foreign', 'absent')).toBe(absent.said)
})

type Held = {
  readonly of: Person
  readonly apps: 'every' | readonly string[]
  readonly role: TokenRole
  /** What it may at most, in the words of `needs`, and on which apps. */
  readonly as: Person
  readonly on: readonly string[]
  /** Nothing of what belongs to its person and to no app. */
  readonly narrow: boolean
}
const held: readonly Held[] = [
  { of: 'app-admin', apps: ['own'], role: 'viewer', as: 'viewer', on: ['own'], narrow: true },
  { of: 'app-admin', apps: 'every', role: 'developer', as: 'developer', on: ['own'], narrow: true },
  { of: 'viewer', apps: 'every', role: 'admin', as: 'viewer', on: ['own'], narrow: false },
  // His app now; a token that names another one does not see it, and one whose apps are gone sees none.
  { of: 'developer', apps: ['foreign'], role: 'admin', as: 'member', on: [], narrow: true },
  { of: 'server-admin', apps: [], role: 'admin', as: 'member', on: [], narrow: true },
  { of: 'server-admin', apps: ['foreign'], role: 'admin', as: 'app-admin', on: ['foreign'], narrow: true },
  {
    of: 'server-admin',
    apps: 'every',
    role: 'admin',
    as: 'app-admin',
    on: ['own', 'foreign'],
    narrow: false,
  },
  {
    of: 'server-admin',
    apps: 'every',
    role: 'server',
    as: 'server-admin',
    on: ['own', 'foreign'],
    narrow: false,
  },
  // Its person is none.
  { of: 'member', apps: 'every', role: 'server', as: 'member', on: [], narrow: false },
]
const keyOnly = /^(keys(:.*)?|tokens(:.*)?|users:remove|apps:use|restore)$/

test.each(held)('a token of $of for $apps with the role $role may no more than both', async (token) => {
  const { id } = store.tokens.create({
    userId: store.people.userByName(token.of)?.id ?? '',
    name: `${token.role}-${token.apps}`,
    role: token.role,
    apps: token.apps === 'every' ? 'every' : new Set(token.apps.map((app) => store.apps.find(app)?.id ?? '')),
    madeWith: null,
    expiresAt: null,
  })
  const run = (line: string) => type(token.of, line, `token:${id}`)
  for (const [name, command] of commands) {
    const may = needs[command.right].includes(token.as)
    if (command.app === 'none') {
      const forPerson = command.right === 'create' || (command.right === 'anyone' && !command.reads)
      const expected = keyOnly.test(name) || !may || (forPerson && token.narrow) ? 77 : 0
      const { code, said } = await run(`${name} -- ${wordsFor(command)}`)
      expect(code, `${name}: ${said}`).toBe(expected)
      continue
    }
    for (const app of ['own', 'foreign', 'absent']) {
      const { code, said } = await run(`${name} --app ${app} -- ${wordsFor(command)}`)
      const expected = !token.on.includes(app) ? 20 : may ? 0 : 77
      expect(code, `${name} on ${app}: ${said}`).toBe(expected)
    }
  }
  store.tokens.revoke(id)
  expect((await run('apps')).code).not.toBe(0)
})

test('a token ends by itself, and is of its person alone', async () => {
  const make = (expiresAt: string): string =>
    store.tokens.create({
      userId: store.people.userByName('viewer')?.id ?? '',
      name: expiresAt,
      role: 'viewer',
      apps: 'every',
      madeWith: null,
      expiresAt,
    }).id
  const past = make(new Date(Date.now() - 1).toISOString())
  const later = make(new Date(Date.now() + 600_000).toISOString())
  expect((await type('viewer', 'apps', `token:${past}`)).code).not.toBe(0)
  expect((await type('viewer', 'apps', `token:${later}`)).code).toBe(0)
  expect((await type('server-admin', 'apps', `token:${later}`)).code).not.toBe(0)
})

// The declared rights themselves, so that a slip in a command's file does not pass as its own proof.
test.each<[Right, RegExp]>([
  [
    'develop',
    /^(config:(get|set|unset|export|import|clear)|run|ps:(scale|restart|stop|start|kill|rebuild))$/,
  ],
  ['develop', /^(domains:(add|remove|set|clear)|ports:set|git:set|releases:rollback)$/],
  ['own', /^(apps:(destroy|rename)|access:(add|remove))$/],
  ['admin', /^(keys:(add|remove)|routes:rebuild)$/],
  [
    'view',
    /^(apps:report|config|config:keys|ps|ps:inspect|logs|releases|releases:info|domains|ports|git:report|url|access)$/,
  ],
])('the right %s is what %s declare', (right, pattern) => {
  const found = commands.filter(([name]) => pattern.test(name))
  expect(found.length).toBeGreaterThan(0)
  for (const [name, command] of found) expect(command.right, name).toBe(right)
})

test('--all runs for the apps to which one has the right, and for no other', async () => {
  ran.length = 0
  expect((await type('viewer', 'apps:report --all')).code).toBe(0)
  expect(ran.splice(0)).toEqual(['apps:report own'])
  expect((await type('server-admin', 'apps:report --all')).code).toBe(0)
  expect(ran.splice(0)).toEqual(['apps:report foreign', 'apps:report own'])
  expect((await type('viewer', 'ps:restart --all')).code).toBe(77)
  expect((await type('member', 'ps:restart --all')).code).toBe(0)
  expect(ran).toEqual([])
})

test('a key whose person is gone may do nothing', async () => {
  store.people.createUser('gone', 'admin')
  const { code } = await type('nobody' as Person, 'apps')
  expect(code).not.toBe(0)
  expect(ran).not.toContain('apps')
})
