import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

/** Answers as `loadApp` does what `underLoad` asks: `/`, `/slow?ms=`, `/stream?ms=` and `/upload`. */
export function answerAll(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app')
  const ms = Number(searchParams.get('ms') ?? 0)
  if (pathname === '/slow') void wait(ms).then(() => response.end('slow'))
  else if (pathname === '/stream') void stream(response, ms)
  else if (pathname === '/upload') count(request, response)
  else response.end('here')
}

async function stream(response: ServerResponse, ms: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let sent = 0; sent < ms; sent += 50) {
    response.write('data: tick\n\n')
    await wait(50)
  }
  response.end('data: end\n\n')
}

function count(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0
  request.on('data', (part: Buffer) => {
    bytes += part.length
  })
  request.on('end', () => response.end(String(bytes)))
}
