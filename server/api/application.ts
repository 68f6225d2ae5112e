import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { type Command, changesNothing } from '../command.ts'
import { exitCode, PaasError, UnavailableError } from '../errors.ts'
import { presentable } from '../output.ts'
import type { Paas } from '../paas.ts'
import type { Registry } from '../registry.ts'
import type { Session } from '../ssh/session.ts'
import type { Token } from '../state/tokens.ts'
import { answerTo, exitCodeHeader, headersOf, refusal, statusOf } from './answer.ts'
import { type Asked, askedInJson, askedInQuery, wordsOf } from './asked.ts'
import {
  type BodyLimits,
  bytes,
  jsonText,
  kindOf,
  TooLargeError,
  TooSlowError,
  textStream,
  WrongTypeError,
} from './body.ts'
import { description } from './description.ts'
import type { RunningRequests } from './running-requests.ts'

export type ApplicationOptions = {
  readonly paas: Pick<Paas, 'store' | 'log'>
  readonly registry: Registry
  /** Runs one command; its result is the exit code. */
  readonly run: (session: Session) => Promise<number>
  readonly running: RunningRequests
  /** Called with the connection of each request that shows a valid token. */
  readonly onProved: (socket: Socket) => void
  readonly bodyLimits?: Partial<BodyLimits>
}

const defaultBodyLimits: BodyLimits = { jsonBytes: 2 * 1024 * 1024, jsonMs: 10_000, silenceMs: 30_000 }
/** Requests that one token may have running. */
const mostOfOne = 32

type Env = { Bindings: HttpBindings; Variables: { token: Token } }

/** The addresses of the API. Nothing answers who shows no token that is valid now, and nothing tells why one is not. */
export function application(options: ApplicationOptions): Hono<Env> {
  const { paas, registry, running } = options
  const limits: BodyLimits = { ...defaultBodyLimits, ...options.bodyLimits }
  const openApi = JSON.stringify(description(registry))
  const api = new Hono<Env>()

  api.use(async (context, next) => {
    const token = provedBy(options, context.env.incoming)
    if (!token) return refuse(401, needsToken, { 'www-authenticate': 'Bearer' })
    if (!['GET', 'POST'].includes(context.req.method))
      return refuse(405, refusal(exitCode.usage, 'There are GET and POST alone'), { allow: 'GET, POST' })
    if (/paas_[a-z0-9]{10}_/.test(context.env.incoming.url ?? ''))
      return refuse(
        400,
        refusal(
          exitCode.usage,
          'A token does not belong into an address, where others read it',
          'Revoke that one, and send the next in the header Authorization: Bearer TOKEN',
        ),
      )
    if (running.countOf(token.fingerprint) >= mostOfOne)
      return refuse(
        429,
        refusal(exitCode.unavailable, 'Too many requests of this token run already', 'Wait for one to end'),
        { 'retry-after': '1' },
      )
    options.onProved(context.env.incoming.socket)
    writeUse(paas, token)
    context.set('token', token)
    await next()
  })
  api.get('/v1/openapi.json', () => new Response(openApi, { headers: headersOf('application/json') }))
  api.on(['GET', 'POST'], '/v1/commands/:name', async (context) => {
    const found = find(registry, context.req.param('name'))
    if (!found) return refuse(404, noSuchCommand)
    if (context.req.method !== 'POST' && !changesNothing(found.command))
      return refuse(405, refusal(exitCode.usage, `${found.name} may change something`, 'Ask it by POST'), {
        allow: 'POST',
      })
    return await answerCommand(context, { ...found, options, limits })
  })
  api.notFound(() => refuse(404, noSuchAddress))
  api.onError((error) => {
    const { message, next } = presentable(error, paas.log)
    return refuse(500, refusal(exitCode.failed, message, next))
  })
  return api
}

/** A disk that is full keeps nobody from looking at it, and from freeing some. */
function writeUse({ store, log }: Pick<Paas, 'store' | 'log'>, token: Token): void {
  try {
    store.tokens.used(token)
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    log(`The use of token ${token.id} is not written down: ${error.message}`)
  }
}

/** The token that a request shows in its one Authorization header. */
function provedBy({ paas }: ApplicationOptions, incoming: IncomingMessage): Token | undefined {
  const shown = incoming.headersDistinct.authorization ?? []
  const secret = shown.length === 1 ? /^bearer ([^ ]{1,200})$/i.exec(shown[0] ?? '')?.[1] : undefined
  return paas.store.tokens.prove(secret ?? '')
}

function find(
  registry: Registry,
  name: string,
): { readonly name: string; readonly command: Command } | undefined {
  const command = registry.commands.get(name)
  return command && { name, command }
}

type Use = {
  readonly name: string
  readonly command: Command
  readonly options: ApplicationOptions
  readonly limits: BodyLimits
}

async function answerCommand(context: Context<Env>, use: Use): Promise<Response> {
  const { incoming, outgoing } = context.env
  const { options, limits } = use
  const token = context.get('token')
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  const controller = new AbortController()
  const gone = goneWith(outgoing)
  gone.addEventListener('abort', () => controller.abort(), { once: true })
  options.running.add({ fingerprint: token.fingerprint, socket: incoming.socket, controller, answered })
  try {
    const { asked, stdin } = await askedBy(context, use)
    const lively = (incoming.headers.accept ?? '').toLowerCase().includes('application/x-ndjson')
    const answer = answerTo({ outgoing, lively, gone })
    const session: Session = {
      person: { userId: token.userId, name: token.userName, fingerprint: token.fingerprint },
      sshUser: 'paas',
      address: incoming.socket.remoteAddress ?? '',
      line: use.name,
      words: wordsOf(use.name, use.command, asked),
      say: answer.say,
      environment: {},
      stdin: stdin(limits),
      stdout: answer.stdout,
      stderr: answer.stderr,
      terminal: undefined,
      signal: controller.signal,
    }
    try {
      await answer.finish(await options.run(session))
    } finally {
      session.stdin.destroy()
    }
    return RESPONSE_ALREADY_SENT
  } catch (error) {
    if (gone.aborted || outgoing.headersSent) {
      outgoing.destroy()
      return RESPONSE_ALREADY_SENT
    }
    const { message, next, exitCode: code } = presentable(error, options.paas.log)
    return refuse(statusFor(error, code), refusal(code, message, next), closing(incoming))
  } finally {
    resolve()
  }
}

/** What is asked, by a JSON body or by the query, and what the command reads. */
async function askedBy(
  context: Context<Env>,
  { name, command, limits }: Use,
): Promise<{ readonly asked: Asked; readonly stdin: (limits: BodyLimits) => Session['stdin'] }> {
  const { incoming, outgoing } = context.env
  const query = new URL(incoming.url ?? '/', 'http://localhost').searchParams
  const kind = kindOf(incoming)
  if (kind !== 'json')
    return {
      asked: askedInQuery(query, name, command),
      stdin: () => (kind === 'bytes' ? bytes(incoming, outgoing, limits) : textStream(undefined)),
    }
  if (query.size > 0)
    throw new PaasError('A call in JSON has no query', {
      exitCode: exitCode.usage,
      next: 'Say all of it in one of both',
    })
  const asked = askedInJson(await jsonText(incoming, outgoing, limits), name, command)
  return { asked, stdin: () => textStream(asked.stdin) }
}

/** Aborted when the client goes before its answer is sent. */
function goneWith(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  return gone.signal
}

function statusFor(error: unknown, code: number): number {
  if (error instanceof TooLargeError) return 413
  if (error instanceof TooSlowError) return 408
  if (error instanceof WrongTypeError) return 415
  return error instanceof PaasError ? statusOf(code) : 500
}

/** A body that is not read to its end leaves the connection unusable. */
const closing = (incoming: IncomingMessage): Record<string, string> =>
  incoming.complete ? {} : { connection: 'close' }

function refuse(status: number, document: object, headers: Record<string, string> = {}): Response {
  const { exitCode: code } = document as { readonly exitCode: number }
  return new Response(`${JSON.stringify(document, null, 2)}\n`, {
    status,
    headers: { ...headersOf('application/json'), [exitCodeHeader]: String(code), ...headers },
  })
}

const needsToken = refusal(
  exitCode.notAllowed,
  'This needs an API token that is valid',
  'Authorization: Bearer TOKEN; make one with ssh paas tokens:create NAME --app APP',
)
const noSuchAddress = refusal(exitCode.usage, 'There is no such address', 'All of them: GET /v1/openapi.json')
const noSuchCommand = refusal(exitCode.usage, 'There is no such command', 'All of them: GET /v1/openapi.json')
