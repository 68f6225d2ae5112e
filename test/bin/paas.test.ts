import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ran, startInstance, type TestInstance } from '../instance.ts'

const client = join(import.meta.dirname, '..', '..', 'bin', 'paas')

let paas: TestInstance
let repository: string
beforeAll(async () => {
  paas = await startInstance()
  await paas.ok('apps:create blog')
  await paas.ok('apps:create shop')
  repository = mkdtempSync(join(tmpdir(), 'paas-client-'))
  git('init', '--quiet')
})
afterAll(async () => {
  if (repository) rmSync(repository, { recursive: true, force: true })
  await paas?.[Symbol.asyncDispose]()
})

const git = (...words: string[]): void => void execFileSync('git', words, { cwd: repository })

/** The remotes of the repository from now on. */
function remotes(now: Readonly<Record<string, string>>): void {
  const old = execFileSync('git', ['remote'], { cwd: repository, encoding: 'utf8' })
  for (const name of old.split('\n').filter(Boolean)) git('remote', 'remove', name)
  for (const [name, url] of Object.entries(now)) git('remote', 'add', name, url)
}

type Options = {
  readonly input?: string | Uint8Array
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** The client as it is typed, with the ssh_config of the instance. */
async function run(words: readonly string[], options: Options = {}): Promise<Ran> {
  const ran = await execa(client, words, {
    cwd: options.cwd ?? repository,
    env: { GIT_SSH_COMMAND: `ssh -F '${paas.sshConfig}' -o BatchMode=yes`, ...options.environment },
    input: options.input ?? '',
    reject: false,
    stripFinalNewline: false,
  })
  return { stdout: ran.stdout, stderr: ran.stderr, exitCode: ran.exitCode ?? -1 }
}

const rule = async (words: readonly string[], options?: Options): Promise<string> => {
  const { stderr } = await run([...words, '--trace'], options)
  return /app: (.*)/.exec(stderr)?.[1] ?? stderr
}

test('the remote paas says which server and which app are meant', async () => {
  remotes({ origin: 'git@github.example:ann/blog.git', paas: 'paas:blog' })
  expect(await rule(['config:keys'])).toBe('blog (PAAS_APP)')
  for (const url of [
    'paas:/blog.git',
    'ann@paas:blog',
    'shop@paas:blog',
    'ssh://paas/blog',
    'ssh://git@paas/blog.git/',
    `ssh://paas:${paas.sshPort}/blog`,
  ]) {
    remotes({ paas: url })
    expect(await rule(['config:keys']), url).toBe('blog (PAAS_APP)')
  }
})

test('ports and addresses of a URL are taken as git takes them', async () => {
  const own = readFileSync(paas.sshConfig, 'utf8')
  const everywhere = join(paas.folder, 'ssh_config_everywhere')
  writeFileSync(everywhere, own.replace('Host paas', 'Host *').replace(/^ *(HostName|Port) .*\n/gm, ''))
  const environment = { GIT_SSH_COMMAND: `ssh -F ${everywhere} -o BatchMode=yes` }
  for (const url of [
    `ssh://paas@127.0.0.1:${paas.sshPort}/shop`,
    `ssh://paas@[127.0.0.1]:${paas.sshPort}/shop`,
  ]) {
    remotes({ paas: url })
    expect(await rule(['config:keys'], { environment }), url).toBe('shop (PAAS_APP)')
  }
})

test('an app that is typed wins over the remote, and one that is not there is none', async () => {
  remotes({ paas: 'paas:blog' })
  expect(await rule(['config:keys', 'shop'])).toBe('shop (the first word is an app)')
  expect(await rule(['-a', 'shop', 'config:keys'])).toBe('shop (--app)')
  remotes({ paas: 'paas:nothing' })
  expect((await run(['config:keys'])).exitCode).toBe(20)
})

test('without a remote paas the one that leads to a server is meant; of several one has to be named', async () => {
  remotes({ origin: 'git@github.example:ann/blog.git', live: 'paas:shop', away: '../elsewhere' })
  expect(await rule(['config:keys'])).toBe('shop (PAAS_APP)')
  remotes({ live: 'paas:shop', staging: 'paas:blog' })
  const asked = await run(['config:keys'])
  expect(asked).toMatchObject({ exitCode: 64, stdout: '' })
  expect(asked.stderr).toContain('live staging')
  expect(await rule(['-r', 'staging', 'config:keys'])).toBe('blog (PAAS_APP)')
  expect(await rule(['config:keys'], { environment: { PAAS_REMOTE: 'live' } })).toBe('shop (PAAS_APP)')
  expect((await run(['-r', 'nothing', 'apps'])).exitCode).toBe(64)
  expect((await run(['-r'])).exitCode).toBe(64)
})

test('outside of a repository the host paas is asked, or the one that PAAS_HOST names', async () => {
  expect(await run(['apps'], { cwd: paas.folder })).toMatchObject({ exitCode: 0, stdout: 'blog\nshop\n' })
  const there = { cwd: paas.folder, environment: { PAAS_HOST: `ssh://paas:${paas.sshPort}` } }
  expect((await run(['apps'], there)).stdout).toBe('blog\nshop\n')
  const nowhere = { cwd: paas.folder, environment: { PAAS_HOST: 'ssh://paas:1' } }
  expect((await run(['apps'], nowhere)).exitCode).toBe(255)
})

test('a remote that is no app’s address sends nothing anywhere', async () => {
  for (const url of ['paas:blog x', 'paas:-oProxyCommand=x/y', 'ssh://paas/a/b', 'paas:Blog']) {
    remotes({ paas: url })
    expect(await run(['config:keys']), url).toMatchObject({ exitCode: 64, stdout: '' })
  }
  remotes({ paas: 'https://example.com/blog' })
  expect((await run(['-r', 'paas', 'config:keys'])).stderr).toContain('not reached by ssh')
})

test('words arrive byte for byte, and so do stdin, stdout and the exit code', async () => {
  remotes({ paas: 'paas:blog' })
  const value = `it's "quoted" $HOME \`x\` \\ ü *\n\nand more\n`
  expect((await run(['config:set', '--no-restart', `V=${value}`])).exitCode).toBe(0)
  expect(await run(['config:get', 'V', '--json'])).toMatchObject({ exitCode: 0 })
  expect(JSON.parse((await run(['config:export', '--format', 'json'])).stdout)).toMatchObject({ V: value })
  expect((await run(['config:set', '--no-restart', 'S', '-'], { input: 'from stdin' })).exitCode).toBe(0)
  expect((await run(['config:get', 'S'])).stdout).toBe('from stdin\n')
  expect((await run(['config:set', '--no-restart', 'E='])).exitCode).toBe(0)
  expect((await run(['apps:exists', 'nothing'])).exitCode).toBe(20)
  expect((await run(['nonsense'])).exitCode).toBe(64)
  expect((await run([])).stdout).toBe(await paas.ok('help'))
})

test('a terminal is asked for where there is one', async () => {
  const typed = await execa('script', ['-qec', `${client} apps`, '/dev/null'], {
    cwd: repository,
    env: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig} -o BatchMode=yes` },
    stdin: 'ignore',
    reject: false,
  })
  expect(typed.stdout).toContain('=====>')
  expect(typed.stdout).not.toContain('closed')
  expect((await run(['apps'])).stdout).not.toContain('=====>')
})

test('the ssh of git’s own config is called, as for a push', async () => {
  remotes({ paas: 'paas:blog' })
  git('config', 'core.sshCommand', `ssh -F ${paas.sshConfig} -o BatchMode=yes`)
  expect((await run(['apps'], { environment: { GIT_SSH_COMMAND: '' } })).stdout).toBe('blog\nshop\n')
  git('config', '--unset', 'core.sshCommand')
})

test('a connection that others share does not bring its app along', async () => {
  const shared = join(paas.folder, 'ssh_config_shared')
  const sharing = ['ControlMaster auto', `ControlPath ${join(paas.folder, 'control')}`, 'ControlPersist 60']
  writeFileSync(
    shared,
    `${readFileSync(paas.sshConfig, 'utf8')}${sharing.map((each) => `  ${each}\n`).join('')}`,
  )
  const kept = ['-F', shared, '-o', 'SetEnv=PAAS_APP=blog', 'paas', 'version']
  await execa('ssh', kept, { stdio: 'ignore' })
  try {
    remotes({ paas: 'paas:shop' })
    const environment = { GIT_SSH_COMMAND: `ssh -F ${shared} -o BatchMode=yes` }
    expect(await rule(['config:keys'], { environment })).toBe('shop (PAAS_APP)')
  } finally {
    await execa('ssh', ['-F', shared, '-O', 'exit', 'paas'], { stdio: 'ignore' })
  }
})
