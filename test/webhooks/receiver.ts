import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export type Received = {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: {
    readonly id: string
    readonly event: string
    readonly timestamp: string
    readonly number: number | null
    readonly app: { readonly name: string } | null
    readonly facts: Readonly<Record<string, unknown>>
  }
}

/** What webhooks are told on this machine. */
export type Receiver = AsyncDisposable & {
  readonly url: string
  readonly received: readonly Received[]
  /** How it answers from now on; 200 at first. */
  answer(how: (response: ServerResponse) => void): void
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  let how = (response: ServerResponse): void => void response.writeHead(200).end()
  const server = createServer(async (request, response) => {
    const body = await text(request)
    received.push({
      path: request.url ?? '',
      headers: request.headers,
      text: body,
      body: JSON.parse(body) as Received['body'],
    })
    how(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=canary-7731`,
    received,
    answer(next) {
      how = next
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** As a receiver proves that what it got is the server's. */
export const isSigned = ({ headers, text: body }: Received, secret: string): boolean =>
  headers['x-paas-signature'] === `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
