import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type ListeningSocket, listeningSockets } from '../docker/listening.ts'
import { AppError, InterruptedError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Progress } from '../progress.ts'
import type { Container } from '../state/containers.ts'
import type { Release } from '../state/releases.ts'
import { defaultLimits } from './start.ts'

export type CheckOptions = {
  readonly release: Release
  /** Sent as Host, so that an app that knows its domains answers. */
  readonly host: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

const giveUpMs = 60_000
const hintAfterMs = 5_000
const lastLines = 20
/** Without a web process to wait for, a worker that dies at once still has to be seen. */
const settleMs = 1_000
/** Docker's own name server listens in every container. */
const dockerResolver = '127.0.0.11'
const probeTimeoutMs = 5_000
const longestStatusLine = 32

/**
 * Returns once each `web` container has answered an HTTP request on PORT (any status; a 5xx only warns) and all
 * others still run. Throws `AppError` that says why not, with the container's last lines, after 60 s at the latest.
 */
export async function checkContainers(
  paas: Paas,
  containers: readonly Container[],
  options: CheckOptions,
): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const exits = containers.map(async (container) => {
    const code = await paas.engine.containers.wait(container.name, { signal })
    throw await exitedError(paas, container, code)
  })
  const answers = containers
    .filter((container) => container.process === 'web')
    .map((container) => answered(paas, container, { ...options, signal }))
  try {
    await Promise.race([answers.length > 0 ? Promise.all(answers) : wait(settleMs), ...exits])
    await assertRunning(paas, containers)
  } catch (error) {
    throw options.signal.aborted ? new InterruptedError() : error
  } finally {
    ended.abort()
    await Promise.allSettled([...answers, ...exits])
  }
}

async function answered(paas: Paas, container: Container, options: CheckOptions): Promise<void> {
  const target = { address: container.address, port: options.release.port, host: options.host }
  const started = performance.now()
  let hinted = false
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
    const status = await probe(target, options.signal)
    if (status !== undefined) {
      if (status >= 500)
        options.progress.trouble(
          `${placeOf(container)} answers with status ${status}; it goes live all the same`,
        )
      return
    }
    if (options.signal.aborted) throw new InterruptedError()
    const elapsedMs = performance.now() - started
    if (elapsedMs > giveUpMs) throw await silentError(paas, container, options.release.port)
    if (!hinted && elapsedMs > hintAfterMs) {
      hinted = true
      options.progress.detail(
        `${placeOf(container)} does not answer yet: ${listensOn(await listening(paas, container), options.release.port)}`,
      )
    }
    await wait(pauseMs)
  }
}

/**
 * The status of one answer, or undefined where none came. Only the status line is read: what follows is for the
 * router, which takes more than Node's strict parser does (bare LF in CGI answers).
 */
function probe(
  target: { address: string; port: number; host: string },
  signal: AbortSignal,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ host: target.address, port: target.port, signal })
    socket.setTimeout(probeTimeoutMs, () => socket.destroy())
    socket.on('connect', () =>
      socket.write(
        `GET / HTTP/1.1\r\nHost: ${target.host}\r\nUser-Agent: paas-check\r\nConnection: close\r\n\r\n`,
      ),
    )
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]
      if (status !== undefined) resolve(Number(status))
      if (status !== undefined || answer.length >= longestStatusLine) socket.destroy()
    })
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(undefined))
  })
}

async function assertRunning(paas: Paas, containers: readonly Container[]): Promise<void> {
  for (const container of containers.filter((each) => each.process !== 'web')) {
    const state = await paas.engine.containers.inspect(container.name)
    if (state.state !== 'running') throw await exitedError(paas, container, state.exitCode ?? 0)
  }
}

async function exitedError(paas: Paas, container: Container, code: number): Promise<AppError> {
  const state = await paas.engine.containers.inspect(container.name)
  const memory = `${defaultLimits.memoryBytes / 1024 / 1024} MB`
  const why = state.oomKilled ? `was killed: out of memory (limit ${memory})` : `exited with code ${code}`
  return new AppError(`${placeOf(container)} ${why} before it was live`, {
    lastLines: await lastLinesOf(paas, container),
    next: 'Read its last lines above, correct the app and push again',
  })
}

async function silentError(paas: Paas, container: Container, port: number): Promise<AppError> {
  const sockets = await listening(paas, container)
  const other = sockets?.find((socket) => !isLoopback(socket) && socket.port !== port)?.port ?? 'PORT'
  const app = paas.store.apps.byId(container.appId)
  return new AppError(
    `${placeOf(container)} did not answer on port ${port} within ${giveUpMs / 1000} s: ${listensOn(sockets, port)}`,
    {
      lastLines: await lastLinesOf(paas, container),
      next: `Let the app listen on 0.0.0.0:$PORT, or name its port: ports:set ${app.name} ${other}`,
    },
  )
}

/** Undefined where that cannot be seen from here. */
async function listening(paas: Paas, container: Container): Promise<readonly ListeningSocket[] | undefined> {
  const all = await listeningSockets(await paas.engine.containers.inspect(container.name))
  return all?.filter((socket) => socket.address !== dockerResolver)
}

function listensOn(sockets: readonly ListeningSocket[] | undefined, port: number): string {
  if (!sockets) return `nothing answers on port ${port}`
  if (sockets.length === 0) return 'it listens on no port'
  if (sockets.some((socket) => !isLoopback(socket) && socket.port === port))
    return `it accepts connections on port ${port} and does not answer GET /`
  const list = sockets
    .map(({ address, port }) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`))
    .join(', ')
  return `it listens on ${list}${sockets.every(isLoopback) ? `; bind 0.0.0.0:${port}` : `, not on ${port}`}`
}

const isLoopback = ({ address }: ListeningSocket): boolean => address.startsWith('127.') || address === '::1'

async function lastLinesOf(paas: Paas, container: Container): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of paas.engine.containers.logs(container.name, { tail: lastLines }))
    lines.push(line.text)
  return lines
}

const placeOf = (container: Container): string => `${container.process}.${container.number}`
