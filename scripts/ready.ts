import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { UnavailableError } from '../server/errors.ts'
import { inspectPart } from './inspect-part.ts'
import type { Layout } from './layout.ts'
import type { Part } from './parts.ts'

/** Whether something is true by now. Never rejects. */
export type Probe = (signal: AbortSignal) => Promise<boolean>

/**
 * Waits until the part answers `probe`. Throws `UnavailableError` with the part's last log lines when it does
 * not within `withinMs`, or keeps dying.
 */
export async function ready(
  name: Part['name'],
  places: Layout,
  probe: Probe,
  withinMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + withinMs
  const seen = new Set<number>()
  while (!(await probe(AbortSignal.timeout(2_000)))) {
    const { child } = inspectPart(name, places)
    if (child) seen.add(child.pid)
    if (seen.size > 3) throw notReady(`The ${name} keeps ending`, name, places)
    if (Date.now() > deadline)
      throw notReady(`The ${name} did not answer within ${withinMs / 1000} s`, name, places)
    await setTimeout(50)
  }
}

/** An SSH server says who it is. */
export const answersSsh = (host: string, port: number): Probe => {
  return async (signal) => {
    const socket = connect({ host, port, signal })
    try {
      const [chunk]: Buffer[] = await once(socket, 'data', { signal })
      return chunk?.toString('latin1').startsWith('SSH-2.0-') ?? false
    } catch {
      return false
    } finally {
      socket.on('error', () => {}).destroy()
    }
  }
}

/** A MySQL server speaks first. `where` returns nothing for as long as that is not known. */
export const answersMysql = (where: () => NetConnectOpts | undefined): Probe => {
  return async (signal) => {
    const place = where()
    if (place === undefined) return false
    const socket = connect({ ...place, signal })
    try {
      await once(socket, 'data', { signal })
      return true
    } catch {
      return false
    } finally {
      socket.on('error', () => {}).destroy()
    }
  }
}

/** Any HTTP status will do: without apps the router answers 404. */
export const answersHttp = (createConnection: () => Socket): Probe => {
  return async (signal) => {
    const asked = request({ createConnection, signal, method: 'HEAD', path: '/' })
    asked.on('error', () => {}).end()
    try {
      await once(asked, 'response', { signal })
      return true
    } catch {
      return false
    } finally {
      asked.destroy()
    }
  }
}

/** Something accepts connections on the Unix socket. */
export const answersSocket = (path: string): Probe => {
  return async (signal) => {
    const socket = connect({ path, signal })
    try {
      await once(socket, 'connect', { signal })
      return true
    } catch {
      return false
    } finally {
      socket.on('error', () => {}).destroy()
    }
  }
}

function notReady(message: string, name: Part['name'], places: Layout): UnavailableError {
  const log = places.log(name)
  const lines = lastLines(log)
  if (lines.length === 0) return new UnavailableError(message, { next: `Why: journalctl -u paas-${name}` })
  return new UnavailableError(
    [`${message}. Its last lines:`, ...lines.map((line) => `  ${line}`)].join('\n'),
    {
      next: `All of them: ${log}`,
    },
  )
}

function lastLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean).slice(-15)
  } catch {
    return []
  }
}
