import type { Files } from '../repository.ts'

/**
 * An app that serves a page, and tries to get through to others when it is told so: `node probe.mjs TARGET...`, a
 * target being `tcp:HOST:PORT` or `udp:HOST:PORT`, prints a line for each: the target, and `open` or why not.
 * @param targets tried by a step of its build
 */
export const proberApp = (targets: readonly string[] = []): Files => ({
  Dockerfile: [
    'FROM paas/node:24',
    'COPY . /app',
    'WORKDIR /app',
    `RUN node probe.mjs ${targets.join(' ')}`,
    'CMD ["node", "serve.mjs"]',
    '',
  ].join('\n'),
  'serve.mjs':
    "import { createServer } from 'node:http'\ncreateServer((_, answer) => answer.end('here')).listen(Number(process.env.PORT), '0.0.0.0')\n",
  'probe.mjs': probe,
})

/** Of a line of `probe.mjs`, wherever git or a log put it. */
export const outcomes = (said: string): ReadonlyMap<string, string> =>
  new Map([...said.matchAll(/probed (\S+) (\S+)/g)].map(([, target = '', outcome = '']) => [target, outcome]))

export const probe = `
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
const timeout = 1500
const tcp = (host, port) => new Promise((resolve) => {
  const socket = connect({ host, port, timeout })
  socket.on('connect', () => { socket.destroy(); resolve('open') })
  socket.on('timeout', () => { socket.destroy(); resolve('timeout') })
  socket.on('error', (error) => resolve(error.code))
})
const udp = (host, port) => new Promise((resolve) => {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const end = (outcome) => { clearTimeout(timer); socket.close(); resolve(outcome) }
  const timer = setTimeout(() => end('timeout'), timeout)
  socket.on('message', () => end('open'))
  socket.on('error', (error) => end(error.code))
  socket.send('hello', port, host, (error) => error && end(error.code))
})
await Promise.all(process.argv.slice(2).map(async (target) => {
  const [, kind, host, port] = /^(tcp|udp):(.+):(\\d+)$/.exec(target)
  console.log('probed', target, await (kind === 'tcp' ? tcp : udp)(host, Number(port)))
}))
`
