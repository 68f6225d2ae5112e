import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import { UnavailableError } from '../server/errors.ts'
import { isLocalDocker, type Settings } from '../server/settings.ts'
import { say } from './say.ts'
import { type Detached, startDetached } from './start-detached.ts'

/**
 * Starts the Docker Engine where none answers on this machine, and returns when one does and can give containers
 * a network. It goes on when we stop: other things may run in it.
 */
export async function ensureEngine({ dockerHost }: Pick<Settings, 'dockerHost'>): Promise<void> {
  if ((await ask(dockerHost, '/_ping')) === undefined) {
    refuseForeignEngine(dockerHost)
    say.step('Starting the Docker Engine')
    await answered(dockerHost, systemdRuns() ? await startUnit() : await startDaemon())
  }
  await refuseMissingBridge(dockerHost)
}

/** Whether systemd is this machine's service manager (sd_booted(3)). */
export const systemdRuns = (): boolean => existsSync('/run/systemd/system')

const logFile = '/var/log/paas-dockerd.log'
/** After a crash it ends the containers that it finds running before it answers: with 200 of them that took 40 s. */
const mostStartMs = 5 * 60_000
const defaultHost = 'unix:///var/run/docker.sock'

/** The body of a successful answer, or undefined. */
async function ask(dockerHost: string, path: string): Promise<string | undefined> {
  const url = new URL(dockerHost)
  const place =
    url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port || 2375 }
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const asked = request({ ...place, path, agent: false, signal: AbortSignal.timeout(5_000) }, (answer) => {
    let body = ''
    answer.setEncoding('utf8')
    answer.on('error', () => resolve(undefined))
    answer.on('data', (chunk: string) => {
      body += chunk
    })
    answer.on('end', () => resolve(answer.statusCode === 200 ? body : undefined))
  })
  asked.on('error', () => resolve(undefined)).end()
  return await promise
}

function refuseForeignEngine(dockerHost: string): void {
  if (dockerHost !== defaultHost) {
    throw new UnavailableError(`No Docker Engine answers at DOCKER_HOST=${dockerHost}`, {
      next: 'Start it, or leave DOCKER_HOST out: make up then starts one on this machine',
    })
  }
  if (process.getuid?.() !== 0) {
    throw new UnavailableError('No Docker Engine answers that this user may talk to', {
      next: 'As root: make up starts one; or start it and join its group: usermod -aG docker YOU',
    })
  }
}

async function startUnit(): Promise<Detached> {
  const { failed } = await execa({ reject: false })('systemctl', ['start', 'docker'])
  return { ended: () => failed }
}

async function startDaemon(): Promise<Detached> {
  const append = 'exec dockerd >>"$1" 2>&1'
  return await startDetached(['sh', '-c', append, 'sh', logFile], { folder: '/', inheritsEnvironment: true })
}

async function answered(dockerHost: string, daemon: Detached): Promise<void> {
  const began = Date.now()
  let said = began
  while ((await ask(dockerHost, '/_ping')) === undefined) {
    if (daemon.ended()) throw await notStarted('The Docker Engine ended')
    const now = Date.now()
    if (now > began + mostStartMs)
      throw await notStarted(`The Docker Engine did not answer within ${mostStartMs / 60_000} minutes`)
    if (now > said + 10_000) {
      said = now
      say.detail(
        `it starts since ${Math.round((now - began) / 1000)} s: it looks after every container that it had`,
      )
    }
    await setTimeout(100)
  }
}

async function notStarted(message: string): Promise<UnavailableError> {
  if (systemdRuns()) return new UnavailableError(message, { next: 'Why: journalctl -u docker' })
  const log = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n')
  const lines = log.slice(-30).filter((line) => !/level=(info|warning)/.test(line))
  const unmounted = lines.some((line) => line.includes('cgroup'))
  return new UnavailableError(
    [`${message}. Its last words:`, ...lines.slice(-5).map((line) => `  ${line}`)].join('\n'),
    {
      next: unmounted
        ? 'Mount the cgroups: apt-get install cgroupfs-mount && cgroupfs-mount'
        : `All that it said: ${logFile}`,
    },
  )
}

/** Without its default bridge the engine looks healthy, but no build reaches the network. */
async function refuseMissingBridge(dockerHost: string): Promise<void> {
  if (!isLocalDocker(dockerHost)) return
  const network = await ask(dockerHost, '/networks/bridge')
  const bridge = network && /"com\.docker\.network\.bridge\.name":"([^"]+)"/.exec(network)?.[1]
  if (bridge && existsSync(`/sys/class/net/${bridge}`)) return
  throw new UnavailableError(
    `The Docker Engine runs without its default bridge ${bridge ?? 'docker0'}: builds would have no network`,
    {
      next: 'Restart the engine; its log says why the bridge is missing',
    },
  )
}
