import type { Socket } from 'node:net'
import { isIPv6 } from 'node:net'

/** How far a connection has come before it proved a key. */
export type Progress = 'silent' | 'greeted' | 'keyed'

export type StartupLimits = {
  /** Time to prove a key. */
  readonly loginGraceMs: number
  readonly unauthenticated: number
  readonly unauthenticatedPerAddress: number
}

export type Startup = {
  advance(progress: Progress): void
  /** It has proved a key, or has ended: it no longer counts. */
  leave(): void
}

/**
 * The connections that have proved no key yet. Each has its grace time; where there are too many, in all or of
 * one address, the one that has come least far goes, so that a flood of silent ones cannot keep a real login out.
 * An IPv6 address counts with its /64.
 */
export class Startups {
  readonly #limits: StartupLimits
  readonly #onEvicted: (socket: Socket, reason: string) => void
  readonly #waiting = new Set<Waiting>()

  constructor(limits: StartupLimits, onEvicted: (socket: Socket, reason: string) => void) {
    this.#limits = limits
    this.#onEvicted = onEvicted
  }

  get count(): number {
    return this.#waiting.size
  }

  enter(socket: Socket): Startup {
    const waiting: Waiting = {
      socket,
      origin: origin(socket.remoteAddress ?? ''),
      progress: 'silent',
      timer: setTimeout(() => this.#evict(waiting, 'no login in time'), this.#limits.loginGraceMs),
    }
    this.#waiting.add(waiting)
    this.#makeRoom(waiting.origin)
    return {
      advance: (progress) => {
        waiting.progress = progress
      },
      leave: () => this.#leave(waiting),
    }
  }

  #makeRoom(from: string): void {
    const sameOrigin = [...this.#waiting].filter((waiting) => waiting.origin === from)
    if (sameOrigin.length > this.#limits.unauthenticatedPerAddress) {
      this.#evict(leastFar(sameOrigin), 'too many connections without a login from one address')
    } else if (this.#waiting.size > this.#limits.unauthenticated) {
      this.#evict(leastFar([...this.#waiting]), 'too many connections without a login')
    }
  }

  #evict(waiting: Waiting | undefined, reason: string): void {
    if (waiting === undefined || !this.#waiting.has(waiting)) return
    this.#leave(waiting)
    this.#onEvicted(waiting.socket, reason)
    waiting.socket.destroy()
  }

  #leave(waiting: Waiting): void {
    clearTimeout(waiting.timer)
    this.#waiting.delete(waiting)
  }
}

type Waiting = {
  readonly socket: Socket
  readonly origin: string
  readonly timer: NodeJS.Timeout
  progress: Progress
}

const order: Readonly<Record<Progress, number>> = { silent: 0, greeted: 1, keyed: 2 }

/** Of those equally far the oldest, which comes first. */
function leastFar(candidates: readonly Waiting[]): Waiting | undefined {
  let found: Waiting | undefined
  for (const candidate of candidates) {
    if (found === undefined || order[candidate.progress] < order[found.progress]) found = candidate
  }
  return found
}

function origin(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length)
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, 4).join(':')
}
