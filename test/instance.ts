import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { execa } from 'execa'
import { certificateFolder } from '../router/paths.ts'
import { configFilesFolder } from '../server/deploy/config-files.ts'
import { freePorts } from './free-port.ts'

const checkout = join(import.meta.dirname, '..')
const prefix = 'paas-test-'

export type Ran = { readonly stdout: string; readonly stderr: string; readonly exitCode: number }

export type Answer = {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A whole server of a test's own: home, ports, Redis, router, HAProxy. Everything of it is removed on dispose. */
export type TestInstance = AsyncDisposable & {
  readonly home: string
  /** Around `home`, for what a test keeps with it. */
  readonly folder: string
  /** In the labels of all that it makes. */
  readonly id: string
  readonly sshPort: number
  readonly httpPort: number
  readonly sshConfig: string
  readonly environment: Readonly<Record<string, string>>
  /** Runs one command line through the real ssh; never throws for an exit code. */
  ssh(line: string, options?: SshOptions): Promise<Ran>
  /** `ssh` that must succeed; returns its stdout. */
  ok(line: string, options?: SshOptions): Promise<string>
  /** One request through the router. */
  get(host: string, path?: string, options?: RequestOptions): Promise<Answer>
  /** Starts what does not run, and returns when SSH and HTTP answer. */
  up(): Promise<void>
  /** Ends all its processes; its apps go on. */
  down(): Promise<void>
  /** Ends a part with SIGKILL; its supervisor starts it again. */
  kill(part: 'server' | 'router' | 'haproxy' | 'redis'): Promise<void>
  /** The process id of a part now; undefined where it does not run. */
  pid(part: string): number | undefined
  log(part: 'server' | 'router' | 'haproxy'): string
}

export type SshOptions = {
  readonly input?: string | Uint8Array
  /** SSH user name; `paas` without. */
  readonly user?: string
  readonly arguments?: readonly string[]
  readonly identity?: string
}

export type RequestOptions = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/**
 * Starts an instance with settings of its own over `settings`.
 * @param options.prepareHome makes its folder first, which may be a disk of its own
 */
export async function startInstance(
  settings: Readonly<Record<string, string>> = {},
  options: { readonly prepareHome?: (home: string) => Promise<void> } = {},
): Promise<TestInstance> {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  // The router's user has to reach what is its own in there.
  chmodSync(folder, 0o711)
  writeFileSync(join(folder, 'owner'), String(process.pid))
  const home = join(folder, 'home')
  const [sshPort, httpPort, httpsPort] = await freePorts()
  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/root',
    PAAS_HOME: home,
    PAAS_DOMAIN: 'localhost',
    PAAS_SSH_HOST: '127.0.0.1',
    PAAS_HTTP_HOST: '127.0.0.1',
    PAAS_SSH_PORT: String(sshPort),
    PAAS_HTTP_PORT: String(httpPort),
    PAAS_HTTPS_PORT: String(httpsPort),
    PAAS_ADMIN_KEY: await makeKey(folder, 'admin'),
    // No MariaDB: nothing in these tests speaks to it.
    MYSQL_URL: 'mysql://nobody@127.0.0.1:9/none',
    PAAS_SPARE_SANDBOXES: process.env.PAAS_SPARE_SANDBOXES ?? '16',
    ...settings,
  }
  const sshConfig = join(home, 'ssh_config')
  const up = async (): Promise<void> => {
    await execa(join(checkout, 'scripts', 'run'), ['node', 'scripts/up.ts'], {
      env: environment,
      extendEnv: false,
    })
  }
  const pid = (part: string): number | undefined => {
    const file = join(home, 'run', `${part}.pid`)
    const number = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : Number.NaN
    return Number.isNaN(number) ? undefined : number
  }
  const log = (part: string): string => readFileSync(join(home, 'logs', `${part}.log`), 'utf8')
  const dispose = async (): Promise<void> => removeInstance(folder, environment)
  try {
    await options.prepareHome?.(home)
    await up()
  } catch (error) {
    await dispose()
    throw error
  }
  const id = /instance ([a-z2-7]{8})/.exec(log('server'))?.[1] ?? ''
  writeFileSync(join(folder, 'instance-id'), id)

  const ssh = async (line: string, options: SshOptions = {}): Promise<Ran> => {
    const identity = options.identity ? ['-i', options.identity, '-o', 'IdentityFile=none'] : []
    const target = options.user ? ['-l', options.user, 'paas'] : ['paas']
    const result = await execa(
      'ssh',
      [
        '-F',
        sshConfig,
        '-o',
        'BatchMode=yes',
        ...identity,
        ...(options.arguments ?? []),
        ...target,
        '--',
        line,
      ],
      {
        ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
        reject: false,
        stripFinalNewline: false,
      },
    )
    return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? -1 }
  }
  return {
    home,
    folder,
    id,
    sshPort,
    httpPort,
    sshConfig,
    environment,
    ssh,
    async ok(line, options) {
      const ran = await ssh(line, options)
      if (ran.exitCode !== 0)
        throw new Error(`ssh paas ${line}: exit code ${ran.exitCode}\n${ran.stdout}${ran.stderr}`)
      return ran.stdout
    },
    get: (host, path = '/', options = {}) => ask(httpPort, host, path, options),
    up,
    down: () => takeDown(environment),
    async kill(part) {
      const now = pid(part)
      if (now === undefined) throw new Error(`${part} does not run`)
      process.kill(now, 'SIGKILL')
      await until(`${part} is gone`, async () => !existsSync(`/proc/${now}`))
    },
    pid,
    log,
    [Symbol.asyncDispose]: dispose,
  }
}

/** Awaits a condition; throws with `what` after `timeoutMs`. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  // Asking is often an ssh: one that waits long leaves the machine to what it waits for.
  for (let pauseMs = 25; !(await condition()); pauseMs = Math.min(pauseMs * 1.5, 250)) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`)
    await wait(pauseMs)
  }
}

/** A new ed25519 key in `folder`; returns the path of its public half. */
export async function makeKey(folder: string, name: string): Promise<string> {
  const path = join(folder, `key-${name}`)
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path])
  return `${path}.pub`
}

/** Ends what killed test runs have left: their instances' processes, containers, networks, images and folders. */
export async function sweepInstances(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(prefix))) {
    const folder = join(tmpdir(), name)
    const owner = existsSync(join(folder, 'owner')) ? readFileSync(join(folder, 'owner'), 'utf8') : ''
    if (owner === '' || existsSync(`/proc/${owner}`)) continue
    await removeInstance(folder, {
      PATH: process.env.PATH ?? '',
      PAAS_HOME: join(folder, 'home'),
      MYSQL_URL: 'mysql://nobody@127.0.0.1:9/none',
    })
  }
}

async function removeInstance(folder: string, environment: Readonly<Record<string, string>>): Promise<void> {
  await takeDown(environment)
  const file = join(folder, 'instance-id')
  const id = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (id !== '') {
    await removeFromDocker(`label=paas.instance=${id}`)
    // It outlives the server, as its apps do.
    await execa('nft', ['delete', 'table', 'inet', `paas-${id}-walls`], { reject: false })
  }
  // Where a test has made it a disk of its own.
  await execa('umount', ['--lazy', join(folder, 'home')], { reject: false })
  rmSync(certificateFolder(join(folder, 'home')), { recursive: true, force: true })
  rmSync(configFilesFolder(join(folder, 'home')), { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
}

async function takeDown(environment: Readonly<Record<string, string>>): Promise<void> {
  await execa(join(checkout, 'scripts', 'run'), ['node', 'scripts/down.ts'], {
    env: environment,
    extendEnv: false,
    reject: false,
  })
}

async function removeFromDocker(label: string): Promise<void> {
  const docker = async (...words: string[]): Promise<string[]> =>
    (await execa('docker', words, { reject: false })).stdout.split('\n').filter(Boolean)
  const containers = await docker('ps', '-aq', '--filter', label)
  if (containers.length > 0) await docker('rm', '-f', ...containers)
  const volumes = await docker('volume', 'ls', '-q', '--filter', label)
  if (volumes.length > 0) await docker('volume', 'rm', ...volumes)
  const networks = await docker('network', 'ls', '-q', '--filter', label)
  if (networks.length > 0) await docker('network', 'rm', ...networks)
  const images = await docker('images', '-q', '--filter', label)
  if (images.length > 0) await docker('rmi', '-f', ...new Set(images))
}

function ask(port: number, host: string, path: string, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      method: options.method ?? 'GET',
      headers: { host, ...options.headers },
      agent: false,
    })
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          headers: response.headers,
        }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(options.body)
  })
}

/** A name that no other test uses. */
export const uniqueName = (base: string): string => `${base}-${randomBytes(3).toString('hex')}`
