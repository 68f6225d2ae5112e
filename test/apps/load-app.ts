import type { Files } from '../repository.ts'

/**
 * An app without dependencies that answers in every way there is: `/` JSON of its release and environment, `/slow?ms=`,
 * `/upload` the number of bytes, `/stream?ms=` one event each 50 ms, and a WebSocket that echoes. On SIGTERM it
 * finishes what is in flight.
 */
export const loadApp = (text: string): Files => ({
  Dockerfile: 'FROM paas/node:24\nCOPY server.js page.txt /app/\nCMD ["node", "/app/server.js"]\n',
  'page.txt': text,
  'server.js': server,
})

const server = `
const { createServer } = require('node:http')
const { createHash } = require('node:crypto')
const { hostname } = require('node:os')
const { readFileSync } = require('node:fs')
const page = readFileSync('/app/page.txt', 'utf8')
const sockets = new Set()

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://app')
  const ms = Number(url.searchParams.get('ms') ?? 0)
  if (url.pathname === '/slow') setTimeout(() => response.end('slow'), ms)
  else if (url.pathname === '/stream') stream(response, ms)
  else if (url.pathname === '/upload') count(request, response)
  else response.end(JSON.stringify({ page, release: process.env.PAAS_RELEASE, host: hostname(), env: process.env }))
})

function stream(response, ms) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let left = Math.ceil(ms / 50)
  const timer = setInterval(() => {
    if (left-- > 0) return response.write('data: tick\\n\\n')
    clearInterval(timer)
    response.end('data: end\\n\\n')
  }, 50)
  response.on('close', () => clearInterval(timer))
}

function count(request, response) {
  let bytes = 0
  request.on('data', (chunk) => { bytes += chunk.length })
  request.on('end', () => response.end(String(bytes)))
}

// Short text frames only: one frame a read, masked as a client's must be.
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
    .digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  socket.on('error', () => socket.destroy())
  socket.on('data', (frame) => {
    const length = frame[1] & 0x7f
    const mask = frame.subarray(2, 6)
    const payload = Buffer.from(frame.subarray(6, 6 + length).map((byte, at) => byte ^ mask[at % 4]))
    socket.write(Buffer.concat([Buffer.from([0x80 | (frame[0] & 0x0f), length]), payload]))
    if ((frame[0] & 0x0f) === 8) socket.end()
  })
})

server.listen(process.env.PORT)
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
  for (const socket of sockets) socket.destroy()
})
`
