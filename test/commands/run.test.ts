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

test('run:detached goes on without us, is listed with its end, and what it printed is kept', async () => {
  const said = await paas.ok(
    "run:detached blog -e WORD=hello sh -c 'echo $WORD from $PAAS_APP; sleep 1; exit 5'",
  )
  const id = /^run\.\w{6}$/m.exec(said)?.[0] ?? ''
  expect(said).toContain(`run:logs blog ${id} -t`)
  const followed = await paas.ssh(`run:logs blog ${id} -t`)
  expect(followed).toMatchObject({ exitCode: 5, stdout: 'hello from blog\n' })
  expect(await paas.ok(`run:logs blog ${id}`)).toBe('hello from blog\n')
  expect(await paas.ok('run:list blog')).toMatch(
    new RegExp(`^${id} +exited \\(5\\) +v\\d+ +admin +\\S+Z +\\S+Z +sh -c 'echo `, 'm'),
  )
  const [line] = JSON.parse(await paas.ok(`run:logs blog ${id} --json`))
  expect(line).toMatchObject({ stream: 'stdout', text: 'hello from blog' })
  expect(await paas.ok(`run:stop blog ${id}`)).toContain('exit code 5')
})

test('a detached run is ended by run:stop, and with its lifetime it goes with all that it printed', async () => {
  const { run: id } = JSON.parse(await paas.ok('run:detached blog --json sleep 600')) as { run: string }
  expect(JSON.parse(await paas.ok('run:list blog --json'))).toContainEqual(
    expect.objectContaining({ id, state: 'running', exitCode: null, command: 'sleep 600', who: 'admin' }),
  )
  expect(await paas.ok(`run:stop blog ${id.replace('run.', '')}`)).toContain('exit code 143')
  const short = JSON.parse(await paas.ok('run:detached blog --lifetime 2s --json sleep 600')) as {
    run: string
  }
  await until(
    'its lifetime is over',
    async () => !(await oneOffs()).some((name) => name.endsWith(short.run.slice(4))),
  )
  const gone = await paas.ssh(`run:logs blog ${short.run}`)
  expect(gone.exitCode).toBe(1)
  expect(gone.stderr).toContain('run:list blog')
  for (const lifetime of ['25h', '0s', 'x', '5'])
    expect((await paas.ssh(`run:detached blog --lifetime ${lifetime} true`)).exitCode, lifetime).toBe(64)
})

test('a Procfile type is a command of run:detached too, and a command that is not there fails at once', async () => {
  const { run: id } = JSON.parse(await paas.ok('run:detached blog --json console')) as { run: string }
  expect((await paas.ssh(`run:logs blog ${id} -t`)).stdout).toBe('the console of blog\n')
  expect((await paas.ssh('run:detached empty true')).stderr).toContain('git push paas:empty main')
})

test('enter runs beside the process: streams, exit code, a shell without a command', async () => {
  expect(await paas.ok("enter blog web.1 sh -c 'echo $PAAS_PROCESS'")).toBe('web.1\n')
  expect(await paas.ok('enter blog web cat', { input: 'byte\0exact' })).toBe('byte\0exact')
  expect(await paas.ssh("enter blog sh -c 'echo out; echo err >&2; exit 7'")).toEqual({
    exitCode: 7,
    stdout: 'out\n',
    stderr: 'err\n',
  })
  expect(await paas.ssh('enter blog', { input: 'echo $PAAS_APP; exit 4\n' })).toMatchObject({
    exitCode: 4,
    stdout: 'blog\n',
  })
  expect((await paas.ssh('enter blog tty', { arguments: ['-tt'] })).stdout).toContain('/dev/pts/')
})

test('enter says what is not there', async () => {
  expect((await paas.ssh('enter blog web.7 true')).stderr).toContain('blog runs no web.7')
  expect((await paas.ssh('enter empty')).stderr).toContain('ps empty')
  const missing = await paas.ssh('enter blog no-such-command')
  expect([126, 127]).toContain(missing.exitCode)
  expect(missing.stdout + missing.stderr).toContain('no-such-command')
})

const inside = async (command: string): Promise<boolean> =>
  (await paas.ok('enter blog ps')).split('\n').some((line) => line.trim().endsWith(command))

test('when the client goes, what it had entered with goes, its children too', async () => {
  const child = execa(
    'ssh',
    ['-F', paas.sshConfig, 'paas', 'enter', 'blog', "sh -c 'setsid sleep 4321 & sleep 1234'"],
    { reject: false },
  )
  await until('both run', async () => (await inside('sleep 4321')) && (await inside('sleep 1234')))
  child.kill('SIGKILL')
  await until(
    'neither runs',
    async () => !(await inside('sleep 4321')) && !(await inside('sleep 1234')),
    10_000,
  )
  expect((await paas.get('blog.localhost')).status).toBe(200)
})

test('a server that is killed leaves detached runs alone, and its end nothing of who had entered', async () => {
  const { run: id } = JSON.parse(await paas.ok("run:detached blog --json sh -c 'sleep 3; echo done'")) as {
    run: string
  }
  const child = execa('ssh', ['-F', paas.sshConfig, 'paas', 'enter', 'blog', 'sleep 2345'], { reject: false })
  await until('it runs', () => inside('sleep 2345'))
  await paas.kill('server')
  await child
  await paas.up()
  expect(await inside('sleep 2345')).toBe(false)
  expect((await paas.ssh(`run:logs blog ${id} -t`)).stdout).toBe('done\n')
})

test('without a release there is nothing to run in', async () => {
  const ran = await paas.ssh('run empty ls')
  expect(ran.exitCode).toBe(1)
  expect(ran.stderr).toContain('git push paas:empty main')
  expect((await paas.ssh('run blog')).exitCode).toBe(64)
})

test('no container of a run is left', async () => {
  for (const { id } of JSON.parse(await paas.ok('run:list blog --json')) as { id: string }[])
    expect(await paas.ok(`run:list blog`), id).toMatch(new RegExp(`^${id} +exited`, 'm'))
  await paas.ok('apps:destroy blog --force')
  expect(await oneOffs()).toEqual([])
})
