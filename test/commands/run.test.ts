import { randomBytes } from 'node:crypto'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository } from '../repository.ts'

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
  using repository = await makeRepository({
    ...staticApp('run'),
    Procfile:
      'web: busybox httpd -f -p $PORT -h /www\nconsole: echo "the console of $PAAS_APP"\nfail: exit 9\n',
  })
  const push = await repository.push(paas, 'blog')
  expect(push.exitCode, push.stderr).toBe(0)
  await paas.ok('apps:create empty')
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const oneOffs = async (): Promise<string[]> => {
  const { stdout } = await execa('docker', [
    ...['ps', '-a', '--filter', `label=paas.instance=${paas.id}`, '--format', '{{.Names}}'],
  ])
  return stdout.split('\n').filter((name) => name.includes('-run-'))
}

test('stdin and stdout are byte-exact', async () => {
  const bytes = randomBytes(2 * 1024 * 1024)
  const { stdout, exitCode } = await execa('ssh', ['-F', paas.sshConfig, 'paas', 'run', 'blog', 'cat'], {
    input: bytes,
    encoding: 'buffer',
    stripFinalNewline: false,
  })
  expect(exitCode).toBe(0)
  expect(Buffer.compare(Buffer.from(stdout), bytes)).toBe(0)
})

test('the exit code is the command’s own', async () => {
  expect((await paas.ssh('run blog true')).exitCode).toBe(0)
  expect((await paas.ssh("run blog sh -c 'exit 7'")).exitCode).toBe(7)
  expect((await paas.ssh("run blog sh -c 'kill -9 $$'")).exitCode).toBe(137)
})

test('a missing command is 127, one that cannot be executed 126, and both say what was not found', async () => {
  const missing = await paas.ssh('run blog no-such-command')
  expect(missing).toMatchObject({ exitCode: 127, stdout: '' })
  expect(missing.stderr).toContain('no-such-command')
  expect((await paas.ssh('run blog /www/index.html')).exitCode).toBe(126)
})

test('stderr comes apart from stdout', async () => {
  const ran = await paas.ssh("run blog sh -c 'echo out; echo err >&2'")
  expect(ran).toEqual({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' })
})

test('the words are the command’s, untouched: our options end where it begins', async () => {
  expect(await paas.ok("run blog printf '%s|' --app x -h --help 'a  b' '$HOME' '' '*'")).toBe(
    '--app|x|-h|--help|a  b|$HOME||*|',
  )
  expect(await paas.ok('run --app blog -- printf %s --json')).toBe('--json')
  const literal = await paas.ssh('run -- blog')
  expect(literal.stderr).toContain('Which app?')
})

test('-e gives config for this run alone', async () => {
  await paas.ok("config:set blog --no-restart KEPT='a b'")
  await paas.ok('ps:restart blog')
  const environment = await paas.ok("run blog -e EXTRA='x=y z' -e KEPT2= -- env")
  expect(environment).toContain('EXTRA=x=y z\n')
  expect(environment).toContain('KEPT2=\n')
  expect(environment).toContain('KEPT=a b\n')
  expect(await paas.ok('config:keys blog')).toBe('KEPT\n')
  expect((await paas.ssh('run blog -e EXTRA -- env')).exitCode).toBe(64)
  expect((await paas.ssh('run blog -e 1X=1 -- env')).exitCode).toBe(1)
})

test('a process type of the Procfile is a command', async () => {
  expect(await paas.ok('run blog console')).toBe('the console of blog\n')
  expect((await paas.ssh('run blog fail')).exitCode).toBe(9)
})

test('with a terminal there is one inside, of the same size', async () => {
  // The engine gives the size when the process runs already: whoever asks at once sees none yet.
  const ssh = `ssh -F ${paas.sshConfig} -tt paas run blog`
  const inside = await execa(
    'script',
    [
      '-qec',
      `stty cols 101 rows 31; ${ssh} "sh -c 'tty; until stty size 2>/dev/null | grep .; do :; done; echo \\$TERM'"`,
      '/dev/null',
    ],
    { env: { TERM: 'xterm-256color' } },
  )
  expect(inside.stdout).toContain('/dev/pts/0')
  expect(inside.stdout).toContain('31 101')
  expect(inside.stdout).toContain('xterm-256color')
  expect((await paas.ssh('run blog tty')).stdout).toBe('not a tty\n')
  const without = await paas.ssh('run blog --no-tty tty', { arguments: ['-tt'] })
  expect(without.stdout).toContain('not a tty')
})

test('Ctrl-C on a terminal interrupts the command', async () => {
  const child = execa(
    'ssh',
    ['-F', paas.sshConfig, '-tt', 'paas', 'run', 'blog', "sh -c 'echo ready; sleep 60'"],
    {
      reject: false,
    },
  )
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => String(chunk).includes('ready') && resolve())
  })
  child.stdin.write('\x03')
  expect((await child).exitCode).toBe(130)
})

test('when the client goes, the container goes', async () => {
  const child = execa('ssh', ['-F', paas.sshConfig, 'paas', 'run', 'blog', 'sleep', '600'], { reject: false })
  await until('the container runs', async () => (await oneOffs()).length > 0)
  child.kill('SIGKILL')
  await until('the container is gone', async () => (await oneOffs()).length === 0, 10_000)
})

test('without a release there is nothing to run in', async () => {
  const ran = await paas.ssh('run empty ls')
  expect(ran.exitCode).toBe(1)
  expect(ran.stderr).toContain('git push paas:empty main')
  expect((await paas.ssh('run blog')).exitCode).toBe(64)
})

test('no container of a run is left', async () => {
  expect(await oneOffs()).toEqual([])
})
