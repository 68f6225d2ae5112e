import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

// What people have instead of OpenSSH, against a whole server. `make security` installs them.
let paas: TestInstance
let key: string
beforeAll(async () => {
  paas = await startInstance()
  key = join(paas.folder, 'key-admin')
  // Clients that keep known hosts in a home of their own.
  mkdirSync(join(paas.folder, 'client', '.ssh'), { recursive: true })
}, 60_000)
afterAll(async () => void (await paas?.[Symbol.asyncDispose]()))

type Client = {
  readonly program: string
  readonly package: string
  /** Programs that take a line to run, with the server and the key in them. */
  readonly command: () => Promise<readonly string[]>
}

const clients: readonly Client[] = [
  {
    program: 'dbclient',
    package: 'dropbear-bin',
    async command() {
      const converted = join(paas.folder, 'key-dropbear')
      await execa('dropbearconvert', ['openssh', 'dropbear', key, converted])
      return ['dbclient', '-y', '-y', '-i', converted, '-p', String(paas.sshPort), 'paas@127.0.0.1']
    },
  },
  {
    program: 'plink',
    package: 'putty-tools',
    async command() {
      const converted = join(paas.folder, 'key.ppk')
      await execa('puttygen', [key, '-o', converted, '-O', 'private'])
      const target = ['-P', String(paas.sshPort), 'paas@127.0.0.1']
      return [
        'plink',
        '-ssh',
        '-batch',
        '-noagent',
        '-hostkey',
        await fingerprint(),
        '-i',
        converted,
        ...target,
      ]
    },
  },
  {
    program: 'paramiko',
    package: 'python3-paramiko',
    async command() {
      const script = join(paas.folder, 'paramiko-client')
      writeFileSync(script, paramikoClient)
      return ['/usr/bin/python3', script, key, String(paas.sshPort)]
    },
  },
]

/** `SHA256:...` of the server's host key. */
async function fingerprint(): Promise<string> {
  const { stdout } = await execa('ssh-keygen', ['-l', '-f', join(paas.home, 'ssh', 'host_key')])
  return stdout.split(' ')[1] ?? ''
}

const isThere = async (program: string): Promise<boolean> => {
  const found =
    program === 'paramiko'
      ? await execa('/usr/bin/python3', ['-c', 'import paramiko'], { reject: false })
      : await execa('which', [program], { reject: false })
  return !found.failed
}

test.for(clients)(
  '$program logs in, runs commands with their exit codes and bytes, and pushes',
  { timeout: 120_000 },
  async ({ program, package: name, command }, { skip, task }) => {
    if (!(await isThere(program))) skip(`${name} is not installed: make security installs it`)
    const words = await command()
    const env = { HOME: join(paas.folder, 'client') }
    const run = async (line: string, input: string | Buffer = '') => {
      const [file = '', ...args] = [...words, line]
      return await execa(file, args, { input, env, reject: false, encoding: 'buffer' })
    }
    const apps = await run('apps --json')
    expect(apps.exitCode, apps.stderr.toString()).toBe(0)
    expect(JSON.parse(Buffer.from(apps.stdout).toString())).toBeDefined()
    expect((await run('apps:info no-such-app')).exitCode).toBe(20)
    expect((await run('apps:nonsense')).exitCode).toBe(64)

    using repository = await makeRepository(staticApp(program))
    const script = join(paas.folder, `ssh-by-${program}`)
    // Git hands over [-p PORT] [-o ...] HOST COMMAND; the server and the key stand in the words.
    const quoted = words.map((word) => `'${word}'`).join(' ')
    writeFileSync(script, `#!/bin/sh\nfor last; do :; done\nHOME=${env.HOME} exec ${quoted} "$last"\n`)
    chmodSync(script, 0o755)
    const app = `by-${program}`
    const push = await repository.git(['push', `paas@127.0.0.1:${app}`, 'main'], {
      environment: { GIT_SSH: script, GIT_SSH_VARIANT: 'simple' },
    })
    expect(push.exitCode, push.stderr).toBe(0)
    expect((await paas.get(`${app}.localhost`)).body).toBe(`${program}\n`)

    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) % 256))
    const echoed = await run(`run ${app} sh -c 'cat; exit 42'`, bytes)
    expect(echoed.exitCode, echoed.stderr.toString()).toBe(42)
    expect(Buffer.from(echoed.stdout).equals(bytes)).toBe(true)
    task.meta.figure = { measured: `${program} logs in and pushes` }
  },
)

test('ssh-audit finds nothing that fails', async ({ skip, task }) => {
  if (!(await isThere('ssh-audit'))) skip('ssh-audit is not installed: make security installs it')
  const audit = await execa('ssh-audit', ['--no-colors', '-p', String(paas.sshPort), '127.0.0.1'], {
    reject: false,
  })
  const fails = audit.stdout.split('\n').filter((line) => line.includes('[fail]'))
  expect(audit.stdout).toContain('curve25519-sha256')
  task.meta.figure = { measured: `ssh-audit: ${fails.length} fails` }
  expect(fails).toEqual([])
})

test('the greeting tells neither a version nor a system', async () => {
  const socket = connect(paas.sshPort, '127.0.0.1')
  const [greeting] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  expect(greeting.toString('latin1').split('\r\n')[0]).toBe('SSH-2.0-paas')
})

const paramikoClient = `
import sys, threading
import paramiko
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect('127.0.0.1', port=int(sys.argv[2]), username='paas', key_filename=sys.argv[1],
               allow_agent=False, look_for_keys=False)
channel = client.get_transport().open_session()
channel.exec_command(sys.argv[3])
def give():
    while True:
        some = sys.stdin.buffer.raw.read(65536)
        if not some:
            break
        channel.sendall(some)
    channel.shutdown_write()
def take(receive, stream):
    while True:
        some = receive(65536)
        if not some:
            break
        stream.write(some)
        stream.flush()
threading.Thread(target=give, daemon=True).start()
errors = threading.Thread(target=take, args=(channel.recv_stderr, sys.stderr.buffer))
errors.start()
take(channel.recv, sys.stdout.buffer)
errors.join()
sys.exit(channel.recv_exit_status())
`
