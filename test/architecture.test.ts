import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { loadRegistry } from '../server/registry.ts'

const checkout = join(import.meta.dirname, '..')

/** Path -> text without comments and type-only imports, of what runs: tests apart. */
const sources = new Map(
  ['server', 'router', 'scripts'].flatMap((folder) =>
    readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file): [string, string] => [
        `${folder}/${file}`,
        readFileSync(join(checkout, folder, file), 'utf8')
          .replace(/\/\*[\s\S]*?\*\//g, '')
          .replace(/^\s*\/\/.*$/gm, '')
          .replace(/^import type [\s\S]*?from '[^']+'/gm, ''),
      ]),
  ),
)

const filesWith = (pattern: RegExp): string[] =>
  [...sources].filter(([, text]) => pattern.test(text)).map(([file]) => file)

// Router and server are programs of their own: each may have its one module.
test.each([
  'dockerode',
  'ioredis',
  'mysql2',
  'ssh2',
  'isomorphic-git',
  'node:sqlite',
  'tar-stream',
  '@balena/dockerignore',
  'jsonc-parser',
  'yaml',
  'acme-client',
  '@peculiar/x509',
  'croner',
])('%s is named by one module alone', (driver) => {
  const found = filesWith(new RegExp(`'${driver}(/[^']*)?'`))
  for (const program of ['server/', 'router/'])
    expect(found.filter((file) => file.startsWith(program)).length, found.join(' ')).toBeLessThanOrEqual(1)
})

test('the drivers are where one looks for them', () => {
  const owners = {
    "'dockerode'": 'server/docker/dockerode.ts',
    "'ssh2'": 'server/ssh/ssh2.ts',
    "'node:sqlite'": 'server/state/database.ts',
    "'ioredis'": 'server/redis/connection.ts',
  }
  for (const [driver, file] of Object.entries(owners)) expect(filesWith(new RegExp(driver))).toContain(file)
})

test('node:http is not imported where its 6.6 MB would stay', () => {
  expect(filesWith(/from 'node:http'/).filter((file) => !file.startsWith('scripts/'))).toEqual([])
})

test('nftables is spoken to by one module of the server', () => {
  expect(filesWith(/'nft'/).filter((file) => file.startsWith('server/'))).toEqual(['server/walls/nft.ts'])
})

test('the environment is read in one place of the server', () => {
  const found = filesWith(/process\.env\b/).filter((file) => !file.startsWith('scripts/'))
  expect(found.filter((file) => file.startsWith('server/'))).toEqual(['server/settings.ts'])
})

test('each program ends itself in one place', () => {
  const places = [...sources].flatMap(([file, text]) =>
    file.startsWith('scripts/') ? [] : [...text.matchAll(/process\.exit\(/g)].map(() => file),
  )
  expect(places.filter((file) => file.startsWith('server/'))).toEqual(['server/main.ts'])
  expect(places.filter((file) => file.startsWith('router/')).length).toBeLessThanOrEqual(1)
})

test('no shell is started in the server or the router', () => {
  const found = filesWith(/\bexecSync\(|import \{[^}]*\bexec\b[^}]*\} from 'node:child_process'|shell: true/)
  expect(found.filter((file) => !file.startsWith('scripts/'))).toEqual([])
})

test('files are named after what they hold', () => {
  const vague = /^(utils?|helpers?|common|manager|misc|shared|types|index)\.ts$/
  const found = [...sources.keys()].filter(
    (file) => vague.test(basename(file)) && !/^server\/commands\/.*index\.ts$/.test(file),
  )
  expect(found).toEqual([])
})

test('what we import of our own ends in .ts, and the router knows nothing of the server’s state', () => {
  for (const [file, text] of sources)
    for (const [, path = ''] of text.matchAll(/from '(\.[^']*)'/g)) expect(path, file).toMatch(/\.(ts|json)$/)
  const crossing = [...sources].filter(
    ([file, text]) => file.startsWith('router/') && /server\/(state|docker|deploy|git|ssh)\//.test(text),
  )
  expect(crossing).toEqual([])
})

test('every command declares right, summary and examples', async () => {
  const { commands } = await loadRegistry()
  expect(commands.size).toBeGreaterThan(40)
  for (const [name, command] of commands) {
    expect(['anyone', 'create', 'view', 'develop', 'own', 'admin'], name).toContain(command.right)
    expect(command.summary.length, name).toBeGreaterThan(5)
    expect(command.examples.length, name).toBeGreaterThan(0)
    // Without an app there is nothing to hold such a right on.
    if (command.app === 'none') expect(['anyone', 'create', 'admin'], name).toContain(command.right)
  }
})

test('every command is used by a test through ssh', async () => {
  const tests = readdirSync(join(checkout, 'test', 'commands'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(checkout, 'test', 'commands', file), 'utf8'))
    .join('\n')
  const { commands } = await loadRegistry()
  const unused = [...commands].filter(
    ([name, { aliases = [] }]) =>
      ![name, ...aliases].some((word) => new RegExp(`['"\`]${word}(?![\\w:-])`).test(tests)),
  )
  expect(unused.map(([name]) => name)).toEqual([])
})
