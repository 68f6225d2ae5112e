import { afterAll, beforeAll, expect, test } from 'vitest'
import { startInstance, type TestInstance } from '../instance.ts'
import { addPerson, type Person } from '../person.ts'

let paas: TestInstance
let ann: Person
beforeAll(async () => {
  paas = await startInstance()
  await paas.ok('apps:create blog')
  await paas.ok('apps:create shop')
  await paas.ok('apps:create hidden')
  ann = await addPerson(paas, 'ann')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

/** The rule that `--trace` names. */
async function ruleOf(line: string, options: Parameters<TestInstance['ssh']>[1] = {}): Promise<string> {
  const ran = await paas.ssh(`${line} --trace`, options)
  return /app: (.*)/.exec(ran.stderr)?.[1] ?? `none: ${ran.stderr}`
}

const elsewhere = { user: 'shop', arguments: ['-o', 'SetEnv=PAAS_APP=hidden'] }

test('--app comes before everything else', async () => {
  expect(await ruleOf('config:keys --app blog', elsewhere)).toBe('blog (--app)')
  expect(await ruleOf('config:keys -a blog', elsewhere)).toBe('blog (--app)')
  expect(await ruleOf('config:keys --app=blog', elsewhere)).toBe('blog (--app)')
  expect(await ruleOf('--app blog config:keys', elsewhere)).toBe('blog (--app)')
})

test('then a first word that is an app', async () => {
  expect(await ruleOf('config:keys blog', elsewhere)).toBe('blog (the first word is an app)')
})

test('then the SSH user name, unless it is generic or no app', async () => {
  expect(await ruleOf('config:keys', elsewhere)).toBe('shop (the SSH user name)')
  expect(await ruleOf('config:keys', { ...elsewhere, user: 'git' })).toBe('hidden (PAAS_APP)')
  expect(await ruleOf('config:keys', { ...elsewhere, user: 'paas' })).toBe('hidden (PAAS_APP)')
  expect(await ruleOf('config:keys', { ...elsewhere, user: 'nobody' })).toBe('hidden (PAAS_APP)')
})

test('then PAAS_APP, which has to exist', async () => {
  expect(await ruleOf('config:keys', { arguments: ['-o', 'SetEnv=PAAS_APP=blog'] })).toBe('blog (PAAS_APP)')
  const ran = await paas.ssh('config:keys', { arguments: ['-o', 'SetEnv=PAAS_APP=nothing'] })
  expect(ran.exitCode).toBe(20)
  expect(ran.stderr).toContain('There is no app "nothing"')
})

test("then the key's own default", async () => {
  expect(await paas.ok('apps:use')).toContain('none')
  expect(await paas.ok('apps:use shop')).toBe('shop\n')
  expect(await ruleOf('config:keys')).toBe('shop (apps:use)')
  expect(await ruleOf('config:keys', { arguments: ['-o', 'SetEnv=PAAS_APP=blog'] })).toBe('blog (PAAS_APP)')
  expect(JSON.parse(await paas.ok('apps:use --json'))).toEqual({ app: 'shop' })
  await paas.ok('apps:use --clear')
  expect((await paas.ssh('config:keys')).exitCode).toBe(64)
  expect((await paas.ssh('apps:use nothing')).exitCode).toBe(20)
})

test('otherwise the error lists the apps and shows two ways to name one', async () => {
  const ran = await paas.ssh('config:keys')
  expect(ran.exitCode).toBe(64)
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toContain('Which app?')
  expect(ran.stderr).toContain('blog, hidden, shop')
  expect(ran.stderr).toContain('--app NAME')
  expect(ran.stderr).toContain('COMMAND NAME')
})

test('whoever has one app means that one, and whoever has none is told how to make one', async () => {
  const none = await ann.ssh('config:keys')
  expect(none.exitCode).toBe(64)
  expect(none.stderr).toContain('apps:create NAME')
  expect(none.stderr).not.toContain('blog')
  await paas.ok('access:add blog ann')
  const one = await ann.ssh('config:keys --trace')
  expect(one).toMatchObject({ exitCode: 0 })
  expect(one.stderr).toContain('blog (it is the only app)')
  await paas.ok('access:remove blog ann')
})

test('an app that one may not see is absent under every rule', async () => {
  const lines = [
    'config:keys --app hidden',
    'config:keys hidden',
    'apps:report hidden',
    'apps:exists hidden',
    'apps:use hidden',
  ]
  for (const line of lines) {
    const foreign = await ann.ssh(line)
    const absent = await ann.ssh(line.replace('hidden', 'absent'))
    expect(foreign.exitCode, line).toBe(20)
    expect(foreign.stderr.replace('hidden', 'absent'), line).toBe(absent.stderr)
    expect(absent.exitCode, line).toBe(20)
  }
  expect((await ann.ssh('config:keys', { user: 'hidden' })).exitCode).toBe(64)
  expect((await ann.ssh('config:keys', { arguments: ['-o', 'SetEnv=PAAS_APP=hidden'] })).exitCode).toBe(20)
})

test('a mistyped app name is said to be no app, also where the key has one app alone', async () => {
  await paas.ok('access:add blog ann')
  for (const line of [
    'config:get bolg KEY',
    'config:set bolg A=1',
    'logs bolg',
    'releases:info bolg',
    'scale bolg web=2',
    'apps:rename bolg other',
  ]) {
    expect(await ann.ssh(line), line).toMatchObject({ exitCode: 20, stdout: '' })
  }
  await paas.ok('access:remove blog ann')
})

test('words are split as a POSIX shell does, and nothing is expanded', async () => {
  await paas.ok(
    `config:set blog --no-restart 'A=two  words' B="it's \\"quoted\\" \\$HOME" C=back\\\\slash\\ end D='$(id) \`id\` ~ *' E=`,
  )
  expect(await paas.ok('config:get blog A')).toBe('two  words\n')
  expect(await paas.ok('config:get blog B')).toBe('it\'s "quoted" $HOME\n')
  expect(await paas.ok('config:get blog C')).toBe('back\\slash end\n')
  expect(await paas.ok('config:get blog D')).toBe('$(id) `id` ~ *\n')
  expect(await paas.ok('config:get blog E')).toBe('\n')
  const open = await paas.ssh("config:set blog 'A=1")
  expect(open.exitCode).toBe(64)
  expect(open.stderr).toContain("' is not closed")
})

test('options end at --, may share a dash, and unknown ones are named', async () => {
  await paas.ok('config:set --no-restart blog -- A=--force')
  expect(await paas.ok('config:get blog A')).toBe('--force\n')
  const unknown = await paas.ssh('config:set blog --no-resart A=1')
  expect(unknown.exitCode).toBe(64)
  expect(unknown.stderr).toContain('--no-resart')
  expect(await paas.ssh('logs blog -qn 5')).toMatchObject({ exitCode: 0 })
  expect((await paas.ssh('logs blog -n')).stderr).toContain('--num needs a value')
  expect((await paas.ssh('logs blog --tail=yes')).exitCode).toBe(64)
  expect((await paas.ssh('apps --format xml')).exitCode).toBe(64)
  expect(JSON.parse(await paas.ok('apps --format json'))).toHaveLength(3)
})
