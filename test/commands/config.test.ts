import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dotenv'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configFilesFolder } from '../../server/deploy/config-files.ts'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson } from '../person.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository(staticApp('config'))
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const awkward: Readonly<Record<string, string>> = {
  SPACES: '  two  words ',
  QUOTES: `it's "so" \`it is\``,
  EQUALS: '=a==b=',
  NEWLINES: '\nfirst\n\nthird\n',
  TABS: '\ta\tb\t',
  CARRIAGE: 'a\r\nb\rc\r',
  UTF8: 'Grüße, 世界, Ω',
  EMOJI: '👩‍👩‍👧 🇩🇪',
  DASHES: '--force',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's, to be kept as it is
  DOLLAR: '$HOME ${HOME} $(id) $$',
  BACKSLASHES: '\\ \\\\ \\n \\t C:\\new\\',
  HASH: 'a # b #c',
  GLOB: '* ? [a-z] ~ !! {a,b}',
  CONTROL: '\x01\x1b[31m\x7f',
  EMPTY: '',
  A1: 'x',
  _under: 'lower',
}

const shellQuoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`

async function running(): Promise<Record<string, string>> {
  const { body } = await paas.get('blog.localhost', '/cgi-bin/environment')
  return Object.fromEntries(
    body.split('\0').flatMap((entry): [string, string][] => {
      const at = entry.indexOf('=')
      return at < 0 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]]
    }),
  )
}

test('config:set takes every awkward byte, and the running container has it', async () => {
  const pairs = Object.entries(awkward).map(([name, value]) => `${name}=${shellQuoted(value)}`)
  const ran = await paas.ssh(`config:set blog ${pairs.join(' ')}`)
  expect(ran.exitCode, ran.stderr).toBe(0)
  expect(ran.stdout).toContain('v2 serves')
  expect(ran.stdout).not.toContain('世界')
  expect(await running()).toMatchObject(awkward)
})

test('config:get prints the value and one newline', async () => {
  for (const [name, value] of Object.entries(awkward))
    expect(await paas.ok(`config:get blog ${name}`), name).toBe(`${value}\n`)
  expect(JSON.parse(await paas.ok('config:get blog NEWLINES --json'))).toEqual({ NEWLINES: awkward.NEWLINES })
  const unknown = await paas.ssh('config:get blog NOTHING')
  expect(unknown).toMatchObject({ exitCode: 1, stdout: '' })
  expect(unknown.stderr).toContain('config:keys blog')
})

test('config lists all, and config:keys the names alone', async () => {
  expect(JSON.parse(await paas.ok('config blog --json'))).toEqual(awkward)
  expect(JSON.parse(await paas.ok('config:show blog --format json'))).toEqual(awkward)
  expect((await paas.ok('config:keys blog')).trim().split('\n')).toEqual(Object.keys(awkward).sort())
  expect(await paas.ok('config blog')).toMatch(/^DASHES: +--force$/m)
  expect(await paas.ok('config -s blog')).toMatch(/^DASHES='--force'$/m)
})

test('config:export is read back by a real shell, by dotenv and as JSON', async () => {
  const script = 'for name in $NAMES; do eval "printf %s \\"\\$$name\\""; printf "\\0"; done'
  const names = Object.keys(awkward)
  for (const format of ['exports', 'shell']) {
    const exported = await paas.ok(`config:export blog --format ${format}`)
    const { stdout } = await execa('sh', ['-c', `${exported}\n${script}`], {
      env: { NAMES: names.join(' ') },
      stripFinalNewline: false,
    })
    expect(stdout.split('\0').slice(0, -1), format).toEqual(Object.values(awkward))
  }
  expect(await paas.ok('config:export blog')).toMatch(/^export DASHES='--force'$/m)
  expect(JSON.parse(await paas.ok('config:export blog --format json'))).toEqual(awkward)
  expect(parse(await paas.ok('config:export blog --format envfile'))).toEqual(awkward)
  expect((await paas.ssh('config:export blog --format xml')).exitCode).toBe(64)
})

test('config:import takes back what config:export gave, and --replace removes the rest', async () => {
  for (const format of ['envfile', 'json']) {
    const exported = await paas.ok(`config:export blog --format ${format}`)
    await paas.ok('config:clear blog --force --no-restart')
    expect(await paas.ok('config:keys blog')).toBe('')
    await paas.ok('config:set blog --no-restart EXTRA=1')
    await paas.ok('config:import blog --no-restart -', { input: exported })
    expect(JSON.parse(await paas.ok('config blog --json')), format).toEqual({ ...awkward, EXTRA: '1' })
    await paas.ok('config:import blog --replace --no-restart -', { input: exported })
    expect(JSON.parse(await paas.ok('config blog --json')), format).toEqual(awkward)
  }
  for (const input of [
    '',
    'no pairs',
    '{"A": 1}',
    '{"A"',
    '{"A": "a\\u0000b"}',
    '{"a-b": "c"}',
    '{"A": "\\ud800"}',
  ]) {
    const ran = await paas.ssh('config:import blog -', { input })
    expect(ran.exitCode, input).toBeGreaterThan(0)
    expect(ran.stderr, input).not.toContain('Internal')
  }
  expect(JSON.parse(await paas.ok('config blog --json'))).toEqual(awkward)
})

test('an env file that cannot hold a value is not written at all', async () => {
  await paas.ok(`config:set blog --no-restart ODD=${shellQuoted('\' " ` # \n')}`)
  const ran = await paas.ssh('config:export blog --format envfile')
  expect(ran).toMatchObject({ exitCode: 1, stdout: '' })
  expect(ran.stderr).toContain('ODD')
  await paas.ok('config:unset blog --no-restart ODD')
})

test('config:set KEY - reads the value from stdin, to its last newline, also 100 KB of it', async () => {
  const long = `${'0123456789äöü\n'.repeat(6_000)}\n\n`
  const ran = await paas.ssh('config:set blog LONG -', { input: long })
  expect(ran.exitCode, ran.stderr).toBe(0)
  expect(await paas.ok('config:get blog LONG')).toBe(`${long}\n`)
  expect((await running()).LONG).toBe(long)
  await paas.ok('config:set blog --no-restart LONG -', { input: 'line\n' })
  expect(await paas.ok('config:get blog LONG')).toBe('line\n\n')
  await paas.ok('config:set blog --no-restart --encoded LONG=aGkKCg==')
  expect(await paas.ok('config:get blog LONG')).toBe('hi\n\n\n')
})

test('what no environment can carry is refused, and nothing changes', async () => {
  const before = await paas.ok('config blog --json')
  const refused: [string, string | Uint8Array, RegExp][] = [
    ['config:set blog A -', 'a\0b', /NUL/],
    ['config:set blog --encoded A=YQBi', '', /NUL/],
    ['config:set blog A -', Buffer.from([0xff, 0xfe]), /not UTF-8/],
    ['config:set blog --encoded A=//4=', '', /not UTF-8/],
    ['config:set blog --encoded A=!', '', /not base64/],
    ['config:set blog A -', 'x'.repeat(131_072), /longer than/],
    ['config:set blog 1A=b', '', /cannot be a config var/],
    ['config:set blog a-b=c', '', /cannot be a config var/],
    ['config:set blog =b', '', /cannot be a config var/],
    ['config:set blog A=1 two', '', /quote twice/],
    ['config:set blog PORT=none', '', /PORT/],
    ['config:set blog', '', /needs KEY=VALUE/],
    ['config:unset blog NOTHING', '', /no config var NOTHING/],
  ]
  for (const [line, input, message] of refused) {
    const ran = await paas.ssh(line, { input })
    expect(ran.exitCode, line).toBeGreaterThan(0)
    expect(ran.stderr, line).toMatch(message)
    expect(ran.stdout, line).toBe('')
  }
  expect(await paas.ok('config blog --json')).toBe(before)
})

test('--no-restart waits for the next release, and ps says what is pending', async () => {
  await paas.ok('config:import blog --replace -', { input: '{"A": "1"}' })
  expect(await paas.ok('config:set blog --no-restart A=2')).toContain('pending')
  expect((await running()).A).toBe('1')
  expect(await paas.ok('ps blog')).toMatch(/Pending.*: A/)
  expect(JSON.parse(await paas.ok('ps blog --json'))).toMatchObject({ pendingConfig: ['A'] })
  await paas.ok('ps:restart blog')
  expect((await running()).A).toBe('2')
  expect(await paas.ok('ps blog')).not.toContain('Pending')
})

test('config:unset and config:clear release too, and config:add and config:remove are aliases', async () => {
  const added = JSON.parse(await paas.ok('config:add blog B=3 --json'))
  expect(added).toMatchObject({ app: 'blog', keys: ['A', 'B'] })
  await paas.ok('config:remove blog A')
  expect(await running()).toMatchObject({ B: '3' })
  expect(Object.keys(await running())).not.toContain('A')
  expect((await paas.ssh('config:clear blog')).exitCode).toBe(1)
  await paas.ok('config:clear blog --confirm blog')
  expect(Object.keys(await running())).not.toContain('B')
})

test('an app without a release keeps its config for the first one', async () => {
  await paas.ok('apps:create later')
  expect(await paas.ok('config:set later A=1')).toContain('first deploy')
  expect(await paas.ok('config:get later A')).toBe('1\n')
})

test('what all apps share comes with the next release or restart, and an own value wins', async () => {
  await paas.ok('config:import blog --replace -', { input: '{"OWN": "own"}' })
  const said = await paas.ok(`config:set --global OWN=shared BOTH='two words' GONE=1`)
  expect(said).toContain('next release')
  expect(said).not.toContain('two words')
  expect(await running()).not.toHaveProperty('BOTH')
  expect(await paas.ok('ps blog')).toMatch(/Pending.*: BOTH, GONE/)
  await paas.ok('ps:restart blog')
  expect(await running()).toMatchObject({ OWN: 'own', BOTH: 'two words', GONE: '1' })
  expect(await paas.ok('ps blog')).not.toContain('Pending')
  expect(JSON.parse(await paas.ok('config blog --json'))).toEqual({ OWN: 'own' })
  expect(JSON.parse(await paas.ok('config blog --merged --json'))).toEqual({
    OWN: 'own',
    BOTH: 'two words',
    GONE: '1',
  })

  // A release names them; what they stand for is today's, also for one that is brought back.
  await paas.ok('config:set --global BOTH=rotated')
  await paas.ok('config:unset --global GONE')
  await paas.ok('rollback blog')
  expect(await running()).toMatchObject({ BOTH: 'rotated' })
  expect(await running()).not.toHaveProperty('GONE')
  expect(await paas.ok('config:keys --global')).toBe('BOTH\nOWN\n')
  expect(await paas.ok('config:get --global BOTH')).toBe('rotated\n')
  expect(JSON.parse(await paas.ok('config --global --json'))).toEqual({ BOTH: 'rotated', OWN: 'shared' })
})

test('what all apps share is for admins to set, and is encrypted where it lies', async () => {
  const ann = await addPerson(paas, 'ann')
  await paas.ok('access:add blog ann -r developer')
  for (const line of ['config:set --global A=1', 'config --global', 'config:get --global BOTH'])
    expect((await ann.ssh(line)).exitCode, line).toBe(77)
  expect((await ann.ssh('config blog --merged')).stdout).toContain('rotated')
  for (const [line, exitCode] of [
    ['config:set --global --app blog A=1', 64],
    ['config:set --global PORT=1', 1],
    ['config:unset --global NOTHING', 1],
  ] as const)
    expect((await paas.ssh(line)).exitCode, line).toBe(exitCode)
  for (const file of ['state.db', 'state.db-wal'])
    expect(readFileSync(join(paas.home, file)).includes('rotated'), file).toBe(false)
  expect(await paas.ok('audit')).not.toContain('rotated')
})

test('what all apps share fills ARGs, and stands for what app.json requires', async () => {
  using repository = await makeRepository({
    Dockerfile: [
      'FROM paas/busybox',
      'ARG BOTH',
      'RUN mkdir /www && echo "$BOTH" > /www/index.html',
      'CMD ["/bin/sh", "-c", "exec busybox httpd -f -p $PORT -h /www"]',
      '',
    ].join('\n'),
    'app.json': JSON.stringify({ env: { BOTH: { required: true } } }),
  })
  const push = await repository.push(paas, 'built')
  expect(push.exitCode, push.stderr).toBe(0)
  expect((await paas.get('built.localhost')).body).toBe('rotated\n')
})

test('a viewer sees dots in place of values, and so does --masked', async () => {
  const vera = await addPerson(paas, 'vera')
  await paas.ok('access:add blog vera -r viewer')
  await paas.ok('config:set blog --no-restart SHORT=1 API_TOKEN=a-value-to-be-hidden')
  const hidden = { SHORT: '••••••••', API_TOKEN: '••••••••' }
  expect(JSON.parse((await vera.ssh('config blog --json')).stdout)).toMatchObject(hidden)
  expect(JSON.parse(await paas.ok('config blog --masked --json'))).toMatchObject(hidden)
  for (const said of [await vera.ssh('config blog'), await vera.ssh('config -s')]) {
    expect(said.exitCode).toBe(0)
    expect(said.stdout).toContain('API_TOKEN')
    expect(said.stdout).not.toContain('a-value-to-be-hidden')
  }
  for (const line of ['config:get blog API_TOKEN', 'config:export blog'])
    expect((await vera.ssh(line)).exitCode).toBe(77)
  expect(JSON.parse(await paas.ok('config blog --json'))).toMatchObject({ API_TOKEN: 'a-value-to-be-hidden' })
})

describe('config:set --file', () => {
  // No text: what is not UTF-8 comes through as well.
  const key = Buffer.concat([Buffer.from('zq-file-canary\0'), randomBytes(2_000)])
  const path = '/run/secrets/server.key'
  const sum = createHash('sha256').update(key).digest('hex')
  const sumIn = async (line: string): Promise<string> =>
    (await paas.ok(`${line} sha256sum ${path}`)).slice(0, 64)

  test('gives every container the file, byte for byte, from memory', async () => {
    expect(await paas.ok(`config:set blog --file ${path} SERVER_KEY -`, { input: key })).toContain('serves')
    expect((await running()).SERVER_KEY).toBe(path)
    expect(await sumIn('enter blog web.1')).toBe(sum)
    expect(await sumIn('run blog')).toBe(sum)
    const about = await paas
      .ok(`run blog sh -c 'stat -c %a ${path}; grep " ${path} " /proc/mounts; echo x > ${path}'`)
      .catch(String)
    expect(about).toMatch(/^444$/m)
    expect(about).toMatch(/^tmpfs .* ro,/m)
    expect(about).toContain('Read-only file system')
    const [run = ''] = (await paas.ok(`run:detached blog sha256sum ${path}`)).match(/run\.[a-z2-7]+/) ?? []
    await until('it has run', async () => (await paas.ok(`run:logs blog ${run}`)).includes(sum))
  })

  test('leaves its content neither to Docker nor to the disk', async () => {
    const { stdout } = await execa('docker', ['ps', '-aq', '--filter', `label=paas.instance=${paas.id}`])
    const inspected = await execa('docker', ['inspect', ...stdout.split('\n')])
    expect(inspected.stdout).toContain(path)
    expect(inspected.stdout).not.toContain('zq-file-canary')
    const files = readdirSync(paas.home, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    )
    for (const file of files) {
      const place = join(file.parentPath, file.name)
      expect(readFileSync(place).includes('zq-file-canary'), place).toBe(false)
    }
    const folder = configFilesFolder(paas.home)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect((await execa('stat', ['-f', '-c', '%T', folder])).stdout).toBe('tmpfs')
  })

  test('is shown as a file with its size, and to a viewer without', async () => {
    expect(await paas.ok('config blog')).toMatch(
      new RegExp(`^SERVER_KEY: +file ${path}, ${key.length} bytes$`, 'm'),
    )
    expect(JSON.parse(await paas.ok('config blog --json'))).toMatchObject({
      SERVER_KEY: { file: path, bytes: key.length },
    })
    expect(await paas.ok('config -s blog')).toContain(`SERVER_KEY='${path}'`)
    expect(await paas.ok('config blog --masked')).toMatch(new RegExp(`^SERVER_KEY: +file ${path}$`, 'm'))
    const got = JSON.parse(await paas.ok('config:get blog SERVER_KEY --json')) as {
      SERVER_KEY: { base64: string }
    }
    expect(Buffer.from(got.SERVER_KEY.base64, 'base64').equals(key)).toBe(true)
    const { stdout } = await execa('ssh', ['-F', paas.sshConfig, 'paas', 'config:get blog SERVER_KEY'], {
      encoding: 'buffer',
      stripFinalNewline: false,
    })
    expect(Buffer.from(stdout).equals(key)).toBe(true)
    const exported = await paas.ssh('config:export blog')
    expect(exported.stdout).not.toContain('SERVER_KEY')
    expect(exported.stderr).toContain('config:get blog SERVER_KEY > FILE')
    await paas.ok('config:import blog --replace --no-restart -', { input: exported.stdout })
    expect(await paas.ok('config:keys blog')).toContain('SERVER_KEY')
  })

  test('comes back where the machine has forgotten it', async () => {
    rmSync(configFilesFolder(paas.home), { recursive: true })
    const { stdout } = await execa('docker', [
      'ps',
      '-q',
      '--filter',
      `label=paas.instance=${paas.id}`,
      '--filter',
      'label=paas.process=web.1',
    ])
    await execa('docker', ['kill', ...stdout.split('\n')])
    await until('it serves again', async () => (await paas.get('blog.localhost')).status === 200)
    expect(await sumIn('enter blog web.1')).toBe(sum)
  })

  test('goes with config:unset, and comes back with rollback and undo', async () => {
    await paas.ok('config:unset blog SERVER_KEY')
    expect(await running()).not.toHaveProperty('SERVER_KEY')
    expect((await paas.ssh(`enter blog web.1 cat ${path}`)).exitCode).not.toBe(0)
    await paas.ok('rollback blog')
    expect(await sumIn('enter blog web.1')).toBe(sum)
    await paas.ok('config:set blog --no-restart SERVER_KEY=text')
    await paas.ok('undo blog')
    expect(JSON.parse(await paas.ok('config blog --json'))).toMatchObject({ SERVER_KEY: { file: path } })
  })

  test('lies in memory for the last two releases alone', async () => {
    const { id } = JSON.parse(await paas.ok('apps:report blog --json')) as { id: string }
    await paas.ok('config:set blog A=1')
    await paas.ok('config:set blog A=2')
    await until(
      'older ones are gone',
      async () => readdirSync(join(configFilesFolder(paas.home), id)).length <= 2,
    )
    expect(await sumIn('enter blog web.1')).toBe(sum)
  })

  test('takes a value that is typed, and base64', async () => {
    await paas.ok('apps:create filed')
    await paas.ok('config:set filed --file /etc/a.conf A=b=c')
    await paas.ok('config:set filed --encoded --file /etc/b.bin B=AAH/')
    expect(JSON.parse(await paas.ok('config:get filed A --json'))).toEqual({
      A: { file: '/etc/a.conf', base64: Buffer.from('b=c').toString('base64') },
    })
    expect(JSON.parse(await paas.ok('config:get filed B --json'))).toMatchObject({ B: { base64: 'AAH/' } })
  })

  test('refuses what can be no file there, and nothing changes', async () => {
    const before = await paas.ok('config filed --json')
    await paas.ok('storage:create filed data')
    await paas.ok('storage:mount filed data:/data')
    const refused: [string, string | Uint8Array, RegExp][] = [
      ['config:set filed --file relative A -', 'a', /cannot be the path/],
      ['config:set filed --file / A -', 'a', /cannot be the path/],
      ['config:set filed --file /proc/1/x A -', 'a', /cannot be the path/],
      ['config:set filed --file /a/../b A -', 'a', /cannot be the path/],
      ['config:set filed --file /etc/a.conf C -', 'a', /would be the same file/],
      ['config:set filed --file /data C -', 'a', /data is mounted there/],
      ['config:set filed --file /p PORT -', '80', /no file/],
      ['config:set filed --file /big C -', Buffer.alloc(256 * 1024 + 1), /larger than 256 KiB/],
      ['config:set filed --file /c A=1 B=2', '', /one file at a time/],
      ['config:set filed --file /c 1A -', 'a', /cannot be a config var/],
      ['config:set --global --file /c A -', 'a', /exclude each other/],
      ['storage:mount filed data:/etc/a.conf', '', /is a file at/],
    ]
    for (const [line, input, message] of refused) {
      const ran = await paas.ssh(line, { input })
      expect(ran.exitCode, line).toBeGreaterThan(0)
      expect(ran.stderr, line).toMatch(message)
    }
    expect(await paas.ok('config filed --json')).toBe(before)
  })

  test('is gone from memory with its app', async () => {
    const folder = join(
      configFilesFolder(paas.home),
      (JSON.parse(await paas.ok('apps:report blog --json')) as { id: string }).id,
    )
    expect(existsSync(folder)).toBe(true)
    await paas.ok('apps:destroy blog --force')
    expect(existsSync(folder)).toBe(false)
  })
})
