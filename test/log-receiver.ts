import { once } from 'node:events'
import { createServer as createHttps, type Server as HttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import { createServer as createTls } from 'node:tls'

/** The far end of a log drain, on this machine. */
export type LogReceiver = AsyncDisposable & {
  readonly port: number
  /** Messages as they came, each without its length. */
  readonly messages: readonly string[]
  /** What HTTPS answers from now on; 200 at first. */
  answer(status: number): void
}

type Identity = { readonly chain: string; readonly privateKey: string }

/** Takes syslog over TCP, or with `identity` over TLS. */
export async function syslogReceiver(identity?: Identity): Promise<LogReceiver> {
  const messages: string[] = []
  const sockets = new Set<Socket>()
  const take = (socket: Socket): void => {
    sockets.add(socket)
    let rest: Buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      rest = unframe(Buffer.concat([rest, chunk]), messages)
    })
  }
  const server = identity
    ? createTls({ cert: identity.chain, key: identity.privateKey }, take)
    : createTcp(take)
  return await listening(server, messages, () => {
    for (const socket of sockets) socket.destroy()
  })
}

/** Takes bodies of POST requests in Heroku's form. */
export async function httpsReceiver(identity: Identity): Promise<LogReceiver> {
  const messages: string[] = []
  let status = 200
  const server = createHttps({ cert: identity.chain, key: identity.privateKey }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const whole = request.headers['content-type'] === 'application/logplex-1' && request.method === 'POST'
      if (whole && status === 200) unframe(Buffer.concat(chunks), messages)
      response.writeHead(whole ? status : 400).end()
    })
  })
  const receiver = await listening(server, messages, () => server.closeAllConnections())
  return {
    ...receiver,
    answer: (next) => {
      status = next
    },
  }
}

async function listening(
  server: Server | HttpsServer,
  messages: readonly string[],
  close: () => void,
): Promise<LogReceiver> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    answer: () => {},
    async [Symbol.asyncDispose]() {
      close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Puts whole messages into `messages`, and returns what is left. */
function unframe(bytes: Buffer, messages: string[]): Buffer {
  let rest = bytes
  for (;;) {
    const space = rest.indexOf(' ')
    const length = Number(rest.subarray(0, space).toString())
    if (space < 1 || rest.length < space + 1 + length) return rest
    messages.push(rest.subarray(space + 1, space + 1 + length).toString())
    rest = rest.subarray(space + 1 + length)
  }
}
