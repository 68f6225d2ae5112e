import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { made } from '../made.ts'
import { type Files, makeRepository, type Repository } from '../repository.ts'

// Several pushes each: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance({ PAAS_SPARE_SANDBOXES: '16' })
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

const httpd = 'busybox httpd -f -p $PORT -h /www'

/** Pushes an app that must deploy; returns the pushed repository. */
async function deployed(app: string, files: Files): Promise<Repository> {
  const repository = await makeRepository({ ...staticApp(app), ...files })
  const push = await repository.push(paas, app)
  if (push.exitCode !== 0) throw new Error(push.stderr)
  return repository
}

type Inspected = {
  readonly Path: string
  readonly Args: readonly string[]
  readonly Config: {
    readonly Hostname: string
    readonly Env: readonly string[]
    readonly Labels: Record<string, string>
  }
  readonly HostConfig: Record<string, unknown>
}

/** What Docker itself says of an app's running containers, by their process. */
async function inspected(app: string): Promise<Record<string, Inspected>> {
  const { containers } = await made(paas, app)
  if (containers.length === 0) return {}
  const all = await inspectedAll(containers)
  return Object.fromEntries(all.map((each) => [each.Config.Labels['paas.process'] ?? '', each]))
}

async function inspectedAll(containers: readonly string[]): Promise<Inspected[]> {
  return JSON.parse((await execa('docker', ['inspect', ...containers])).stdout) as Inspected[]
}

/** The environment of the app's first process, as it sees it itself. */
async function environment(app: string): Promise<Record<string, string>> {
  const { body } = await paas.get(`${app}.localhost`, '/cgi-bin/environment')
  return Object.fromEntries(
    body
      .split('\0')
      .filter(Boolean)
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  )
}

test('web starts at 1, every other process type at 0, and release is not a process', async () => {
  using _ = await deployed('types', {
    Procfile: `# processes\nweb: ${httpd}\n\nworker: sleep 1000\nrelease: echo must not run as a process\n`,
  })
  expect(JSON.parse(await paas.ok('ps:scale types --json'))).toEqual({ web: 1, worker: 0 })
  expect(Object.keys(await inspected('types'))).toEqual(['web.1'])

  await paas.ok('ps:scale types web=2 worker=2')
  const running = await inspected('types')
  expect(Object.keys(running).sort()).toEqual(['web.1', 'web.2', 'worker.1', 'worker.2'])
  expect(running['worker.2']?.Args.slice(-2)).toEqual(['-c', 'exec sleep 1000'])
  const names = Object.values(running).map((each) => each.Config.Hostname)
  expect(names.sort()).toEqual(['web-1-v1', 'web-2-v1', 'worker-1-v1', 'worker-2-v1'])

  const refused = await paas.ssh('ps:scale types release=1')
  expect(refused.stderr).toContain('release')
  expect(refused.stderr).not.toContain('exited')
  expect(refused.exitCode).toBe(1)
  expect(Object.keys(await inspected('types'))).toHaveLength(4)
})

test('quantities stay over the next push, and app.json gives those of the first', async () => {
  using repository = await deployed('quantities', {
    Procfile: `web: ${httpd}\nworker: sleep 1000\n`,
    'app.json': '{ "formation": { "worker": { "quantity": 2 }, }, }',
  })
  expect(Object.keys(await inspected('quantities')).sort()).toEqual(['web.1', 'worker.1', 'worker.2'])
  await paas.ok('ps:scale quantities worker=1')
  await repository.commit(staticApp('next'))
  expect((await repository.push(paas, 'quantities')).exitCode).toBe(0)
  expect(JSON.parse(await paas.ok('ps:scale quantities --json'))).toEqual({ web: 1, worker: 1 })
})

test('an app without a web process says how to start something and prints no URL', async () => {
  using repository = await makeRepository({ ...staticApp('x'), Procfile: 'worker: sleep 1000\n' })
  const push = await repository.push(paas, 'headless')
  expect(push.stderr).toContain('v1 is live, but nothing runs: ps:scale headless worker=1')
  expect(push.stderr).not.toContain('http://')
  expect(push.exitCode).toBe(0)
  await paas.ok('ps:scale headless worker=1')
  await repository.commit({})
  const next = await repository.push(paas, 'headless')
  expect(next.stderr).toContain('v2 runs: worker; without web it has no page')
})

test('a Procfile line with operators, quotes and variables runs as a shell reads it', async () => {
  using _ = await deployed('operators', {
    Procfile: `web: NAME='a  b' && mkdir -p /tmp/w && echo "$NAME; \${PORT}" > /tmp/w/index.html; exec busybox httpd -f -p $PORT -h /tmp/w\n`,
  })
  expect((await paas.get('operators.localhost')).body).toBe('a  b; 5000\n')
})

test('with an ENTRYPOINT the words of a Procfile line are its arguments, and no shell is there', async () => {
  using _ = await deployed('entry', {
    Dockerfile: 'FROM paas/busybox\nCOPY www /www\nCOPY start.sh /start.sh\nENTRYPOINT ["/start.sh"]\n',
    'start.sh':
      '#!/bin/sh\nfor word; do echo "<$word>"; done > /www/index.html\nexec busybox httpd -f -p "$PORT" -h /www\n',
    Procfile: `web: one "two words" $PORT 'a;b'\n`,
  })
  expect((await paas.get('entry.localhost')).body).toBe('<one>\n<two words>\n<$PORT>\n<a;b>\n')
})

test("without a Procfile the image's own command is web", async () => {
  using _ = await deployed('own', {})
  const web = (await inspected('own'))['web.1']
  expect([web?.Path, ...(web?.Args ?? [])].join(' ')).toContain('exec busybox httpd')
})

test('the port is that of ports:set, else config PORT, else the lowest exposed one, else 5000', {
  timeout: 90_000,
}, async () => {
  using repository = await deployed('ports', {})
  expect((await environment('ports')).PORT).toBe('5000')

  const { Dockerfile } = staticApp('ports')
  await repository.commit({ Dockerfile: `${Dockerfile}EXPOSE 9090 8081/tcp 53/udp 8082\n` })
  expect((await repository.push(paas, 'ports')).exitCode).toBe(0)
  expect((await environment('ports')).PORT).toBe('8081')

  await paas.ok('config:set ports PORT=7070')
  expect((await environment('ports')).PORT).toBe('7070')
  await paas.ok('ports:set ports 6060')
  expect((await environment('ports')).PORT).toBe('6060')

  await paas.ok('ports:set ports auto')
  await paas.ok('config:unset ports PORT')
  expect((await environment('ports')).PORT).toBe('8081')
})

test('a config PORT that is no port refuses what would release it', async () => {
  using repository = await deployed('badport', {})
  const set = await paas.ssh('config:set badport PORT=eighty')
  expect(set.stderr).toContain('PORT is not a port from 1 to 65535')
  expect(set.exitCode).toBe(1)
  expect((await paas.ok('config:keys badport')).trim()).toBe('')

  await paas.ok('config:set badport --no-restart PORT=70000')
  await repository.commit(staticApp('never'))
  const push = await repository.push(paas, 'badport')
  expect(push.stderr).toContain('PORT is not a port from 1 to 65535')
  expect(push.stderr).toContain('config:set PORT=5000')
  expect(push.exitCode).toBe(1)
  expect((await environment('badport')).PORT).toBe('5000')
})

test('a container gets its config and what it is, and nothing of the server', async () => {
  await paas.ok('apps:create who')
  await paas.ok(`config:set who 'AWKWARD= a "b" $c=d'`)
  using repository = await deployed('who', { Dockerfile: `${staticApp('').Dockerfile}ENV FROM_IMAGE=yes\n` })
  const commit = (await repository.git(['rev-parse', 'HEAD'])).stdout
  const { HOSTNAME, PATH, HOME, ...own } = await environment('who')
  expect({ HOSTNAME, HOME }).toEqual({ HOSTNAME: 'web-1-v1', HOME: '/root' })
  expect(PATH).toContain('/bin')
  expect(own).toEqual({
    AWKWARD: ' a "b" $c=d',
    FROM_IMAGE: 'yes',
    PAAS_APP: 'who',
    PAAS_RELEASE: 'v1',
    PAAS_PROCESS: 'web.1',
    DYNO: 'web.1',
    GIT_REV: commit,
    SOURCE_VERSION: commit,
    PORT: '5000',
  })
})

test('every container of a deploy has the closed host configuration', async () => {
  using _ = await deployed('closed', {
    Procfile: `web: ${httpd}\nworker: sleep 1000\n`,
    'app.json': '{ "formation": { "worker": { "quantity": 1 } } }',
  })
  const processes = Object.values(await inspected('closed'))
  expect(processes).toHaveLength(2)
  const modes = processes.map(({ HostConfig }) => String(HostConfig.NetworkMode))
  const sandboxes = await inspectedAll(
    modes.filter((mode) => mode.startsWith('container:')).map((mode) => mode.replace('container:', '')),
  )
  expect(sandboxes).not.toEqual([])
  const id = JSON.parse(await paas.ok('apps:report closed --json')).id as string
  for (const { HostConfig, Config } of [...processes, ...sandboxes]) {
    const isSandbox = Object.hasOwn(Config.Labels, 'paas.sandbox')
    const [megabytes, pids] = isSandbox ? [16, 8] : [512, 256]
    expect(HostConfig).toMatchObject({
      Init: true,
      Privileged: false,
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['ALL'],
      Memory: megabytes * 1024 * 1024,
      MemorySwap: megabytes * 1024 * 1024,
      NanoCpus: 1e9,
      PidsLimit: pids,
      // A sandbox is in the app's network, and the app's container in a sandbox.
      NetworkMode: isSandbox ? `paas-${id}` : expect.stringMatching(/^container:[0-9a-f]{64}$/),
      IpcMode: 'private',
      PidMode: '',
      UTSMode: '',
      UsernsMode: '',
      PublishAllPorts: false,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      RestartPolicy: { Name: 'no' },
    })
    expect(HostConfig.CapAdd).not.toContain('NET_RAW')
    for (const nothing of [
      'Binds',
      'Mounts',
      'Devices',
      'VolumesFrom',
      'PortBindings',
      'DeviceRequests',
      'Links',
    ]) {
      expect([null, undefined, '[]', '{}']).toContain(
        HostConfig[nothing] ? JSON.stringify(HostConfig[nothing]) : HostConfig[nothing],
      )
    }
    expect(Config.Labels).toMatchObject({
      'paas.instance': paas.id,
      'paas.app': 'closed',
      'paas.app-id': id,
      ...(isSandbox ? {} : { 'paas.release': 'v1' }),
    })
  }
})

test('the limits are real: the kernel enforces memory, processes and privileges', async () => {
  using _ = await deployed('limits', {
    'www/cgi-bin/limits': [
      '#!/bin/sh',
      'printf "Content-Type: text/plain\\r\\n\\r\\n"',
      'grep -E "^(NoNewPrivs|CapBnd):" /proc/self/status | tr "\\t" " "',
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null',
      'cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null',
      '',
    ].join('\n'),
  })
  const { body } = await paas.get('limits.localhost', '/cgi-bin/limits')
  expect(body).toContain('NoNewPrivs: 1')
  // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE, SYS_CHROOT
  expect(body).toMatch(/CapBnd: 0*404fb\n/)
  expect(body.trim().split('\n').slice(-2)).toEqual([String(512 * 1024 * 1024), '256'])
})
