import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import { UnavailableError } from '../server/errors.ts'
import type { Settings } from '../server/settings.ts'
import { say } from './say.ts'
import { startDetached } from './start-detached.ts'

/**
 * Starts the Docker Engine where none answers on this machine, and returns when one does and can give containers
 * a network. It goes on when we stop: other things may run in it.
 */
export async function ensureEngine({ dockerHost }: Pick<Settings, 'dockerHost'>): Promise<void> {
  if ((await ask(dockerHost, '/_ping')) === undefined) {
    say.step('Starting the Docker Engine')
    refuseForeignEngine(dockerHost)
    if (systemdRuns()) await execa('systemctl', ['start', 'docker'])
    else await startDaemon()
    await answered(dockerHost)
  }
  await refuseMissingBridge(dockerHost)
}

/** Whether systemd is this machine's service manager (sd_booted(3)). */
export const systemdRuns = (): boolean => existsSync('/run/systemd/system')

const logFile = '/var/log/paas-dockerd.log'
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

async function startDaemon(): Promise<void> {
  const append = 'exec dockerd >>"$1" 2>&1'
  await startDetached(['sh', '-c', append, 'sh', logFile], { folder: '/', inheritsEnvironment: true })
}

async function answered(dockerHost: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while ((await ask(dockerHost, '/_ping')) === undefined) {
    if (Date.now() > deadline) {
      const lines = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-12)
      throw new UnavailableError(
        [
          'The Docker Engine did not answer within 30 s. Its last lines:',
          ...lines.map((line) => `  ${line}`),
        ].join('\n'),
        { next: systemdRuns() ? 'More: journalctl -u docker' : `All of them: ${logFile}` },
      )
    }
    await setTimeout(100)
  }
}

/** Without its default bridge the engine looks healthy, but no build reaches the network. */
async function refuseMissingBridge(dockerHost: string): Promise<void> {
  if (!dockerHost.startsWith('unix:')) return
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
