import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientRequestArgs } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { inspect } from 'node:util'
import type Dockerode from 'dockerode'
import { InterruptedError, PaasError, UnavailableError } from '../errors.ts'
import { http } from '../net/lean-http.ts'
import { DockerodeClient } from './dockerode.ts'
import { ConflictError, NotFoundError, RefusedError, SilentEngineError } from './engine-errors.ts'

/** What every call to the engine may be given. */
export type CallOptions = {
  readonly signal?: AbortSignal | undefined
  /** How long the engine may take to answer; `Infinity` where only the signal ends the wait. */
  readonly deadlineMs?: number | undefined
}

/** Told of the connection that the call around it opens. */
const socketOfCall = new AsyncLocalStorage<(socket: Duplex) => void>()

/**
 * The connection to one Docker Engine. Every call ends: with its answer, at its deadline (`UnavailableError`) or
 * with its signal (`InterruptedError`); other failures come as `NotFoundError`, `ConflictError`, `RefusedError` or a plain `Error`.
 */
export class Client {
  readonly docker: Dockerode
  readonly #dockerHost: string
  /** How long the engine may take to answer where a call says nothing else. */
  readonly deadlineMs: number

  constructor(options: { dockerHost: string; deadlineMs?: number | undefined }) {
    this.#dockerHost = options.dockerHost
    this.deadlineMs = options.deadlineMs ?? 30_000
    this.docker = new DockerodeClient(connection(options.dockerHost))
  }

  /**
   * Runs one request.
   * @param what the sentence's object in an error, such as `starting the container`
   * @param options.untilEnd `run` reads a stream to its end, and sees itself when it is cut off
   */
  async call<T>(
    what: string,
    options: CallOptions & { untilEnd?: boolean },
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (options.signal?.aborted === true) throw interruption(options.signal)
    const deadlineMs = options.deadlineMs ?? this.deadlineMs
    const end = new AbortController()
    const onAbort = (): void => end.abort(options.signal && interruption(options.signal))
    const onDeadline = (): void => end.abort(this.tooLate(what, deadlineMs))
    options.signal?.addEventListener('abort', onAbort, { once: true })
    const timer = Number.isFinite(deadlineMs) ? setTimeout(onDeadline, deadlineMs) : undefined
    let watched = options.untilEnd !== true
    const onClose = (): void => {
      if (watched) end.abort(this.#cutOff(what))
    }
    const watch = (socket: Duplex): void => {
      // After the turn in which the driver may still take the answer from what has arrived.
      socket.once('close', () => setImmediate(onClose))
    }
    try {
      return await Promise.race([socketOfCall.run(watch, run, unprinted(end.signal)), rejection(end.signal)])
    } catch (error) {
      throw end.signal.aborted ? end.signal.reason : this.translate(what, error)
    } finally {
      watched = false
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
  }

  /** The chunks of a stream that the engine sends, until its end; the signal destroys it. */
  async *read(what: string, stream: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    const destroy = (): void => void stream.destroy()
    stream.on('error', ignore)
    signal?.addEventListener('abort', destroy, { once: true })
    try {
      if (signal?.aborted === true) throw interruption(signal)
      for await (const chunk of stream) yield chunk as Buffer
    } catch (error) {
      throw signal?.aborted === true ? interruption(signal) : this.translate(what, error)
    } finally {
      signal?.removeEventListener('abort', destroy)
      stream.destroy()
    }
  }

  /** The error in our words for what the driver threw while `what` went on. */
  translate(what: string, error: unknown): unknown {
    if (error instanceof PaasError || !(error instanceof Error)) return error
    const { statusCode, code } = error as { statusCode?: unknown; code?: unknown }
    const message = `${capital(what)} failed: ${engineWords(error)}`
    if (statusCode === 404) return new NotFoundError(message, { cause: error })
    if (statusCode === 409) return new ConflictError(message, { cause: error })
    if (statusCode === 400) return new RefusedError(message, { cause: error })
    if (typeof statusCode === 'number' && statusCode >= 500) return this.#broken(what, error)
    if (typeof code === 'string' && notConnected.has(code))
      return this.#unavailable('nothing was changed', error)
    if (typeof code === 'string' && cutOff.has(code)) return this.#cutOff(what, error)
    return new Error(message, { cause: error })
  }

  #cutOff(what: string, cause?: unknown): UnavailableError {
    return this.#unavailable(`it was cut off while ${what}`, cause)
  }

  #broken(what: string, cause: Error): UnavailableError {
    return new UnavailableError(`Docker failed while ${what}: ${engineWords(cause)}`, {
      next: "The Docker daemon's own log says more",
      cause,
    })
  }

  #unavailable(consequence: string, cause: unknown): UnavailableError {
    return new UnavailableError(`Docker is unavailable; ${consequence}`, {
      next: `Start Docker, or correct DOCKER_HOST (${this.#dockerHost})`,
      cause,
    })
  }

  /** The error for an engine that has been silent for so long while `what` was to go on. */
  tooLate(what: string, deadlineMs: number): SilentEngineError {
    return new SilentEngineError(`Docker did not answer within ${deadlineMs / 1000} s while ${what}`, {
      next: 'See whether the Docker daemon is overloaded or stuck',
    })
  }
}

const notConnected = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'EACCES',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
])
const cutOff = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'])

/** What to throw when `signal` has ended the work: its own reason where that is one of our errors. */
export function interruption(signal: AbortSignal): PaasError {
  return signal.reason instanceof PaasError ? signal.reason : new InterruptedError()
}

function connection(dockerHost: string): Dockerode.DockerOptions {
  const { protocol, hostname, port, pathname } = new URL(dockerHost)
  // Every field is given, since the driver fills gaps from the environment. A connection for each call: one kept
  // open across the daemon's restart would fail the next call.
  const common = {
    protocol: 'http',
    pathPrefix: '/',
    agent: unprinted(new CallAgent({ keepAlive: false })),
  } as const
  return protocol === 'unix:'
    ? { ...common, host: '', socketPath: decodeURIComponent(pathname) }
    : { ...common, host: hostname, port: port || 2375, socketPath: '' }
}

/**
 * The driver turns all that it gives to a request into text, for a log that nobody reads: an agent or a signal, with
 * every socket and listener behind it, took more time than the engine's answer.
 */
export function unprinted<T extends object>(given: T): T {
  return Object.defineProperty(given, inspect.custom, { value: () => given.constructor.name })
}

/** The driver waits for ever when a connection ends in the middle of an answer: so the call itself looks at it. */
class CallAgent extends http.Agent {
  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const socket = super.createConnection(options, callback)
    if (socket) socketOfCall.getStore()?.(socket)
    return socket
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

// The driver wraps the engine's sentence: "(HTTP code 409) container already exists - SENTENCE ".
const engineWords = (error: Error): string => error.message.replace(/^\(HTTP code \d+\) .*? - /s, '').trim()

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const ignore = (): void => {}
