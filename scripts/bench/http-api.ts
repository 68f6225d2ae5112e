import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { execa } from 'execa'
import { startInstance, type TestInstance } from '../../test/instance.ts'
import { say } from '../say.ts'
import { memoryOf } from './memory.ts'

const connections = 16
const seconds = 5
const idleMs = 5_000

type Address = { readonly port: number; readonly path: string; readonly token?: string }

/**
 * Requests a second and their times, of the API on an instance of its own, and of a bare `node:http` server that answers
 * the same bytes, from the same client in turn; and what the API costs in memory. Says it; there is no promise to hold.
 */
export async function httpApi(): Promise<void> {
  say.step(`The HTTP API, ${connections} connections for ${seconds} s each`)
  const port = await freePort()
  await using without = await startInstance()
  const plain = serverMegabytes(without)
  await using instance = await startInstance({ PAAS_API_PORT: String(port) })
  await instance.ok('apps:create bench')
  await instance.ok('config:set bench --no-restart GREETING=hello')
  const idle = serverMegabytes(instance)
  const { token } = JSON.parse(await instance.ok('tokens:create bench --app bench --json'))
  const ways: Readonly<Record<string, Address>> = {
    'GET apps': { port, token, path: '/v1/commands/apps' },
    'GET config': { port, token, path: '/v1/commands/config?app=bench' },
    'without a token: 401': { port, path: '/v1/commands/apps' },
  }
  const bytes = await bodyOf({ port, token, path: '/v1/commands/apps' })
  await using bare = await bareServer(bytes)
  const all = { ...ways, 'bare node:http, the same bytes': { port: bare.port, path: '/' } }
  for (const [name, address] of Object.entries(all)) {
    await load(address, 1)
    const times = (await load(address, seconds)).toSorted((one, other) => one - other)
    const at = (share: number): string => `${(times[Math.floor(times.length * share)] ?? 0).toFixed(1)} ms`
    say.detail(
      `${name.padEnd(34)}${`${Math.round(times.length / seconds)}/s`.padStart(9)}   p50 ${at(0.5)}, p99 ${at(0.99)}`,
    )
  }
  await wait(idleMs)
  const after = serverMegabytes(instance)
  say.detail(
    `The server's own memory: ${plain.toFixed(1)} MB without the API, ${idle.toFixed(1)} MB with it, ${after.toFixed(1)} MB ${idleMs / 1000} s after all of this`,
  )
}

/** Milliseconds of each request that ended within `forSeconds`. */
async function load(address: Address, forSeconds: number): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const until = performance.now() + forSeconds * 1000
  const times: number[] = []
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const started = performance.now()
      await bodyOf(address, agent)
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  agent.destroy()
  return times
}

async function bodyOf({ port, path, token }: Address, agent?: Agent): Promise<string> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: agent ?? false }).end()
  const [response] = await once(outgoing, 'response')
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return body
}

/** A process of its own, as the server is. */
async function bareServer(body: string): Promise<AsyncDisposable & { readonly port: number }> {
  const port = await freePort()
  const script = `require('node:http').createServer((_, response) => response.end(${JSON.stringify(body)})).listen(${port}, '127.0.0.1', () => console.log('ready'))`
  const running = execa(process.execPath, ['--eval', script], { reject: false })
  await once(running.stdout, 'data')
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      running.kill()
      await running
    },
  }
}

const serverMegabytes = ({ home }: TestInstance): number =>
  memoryOf(home).find(({ part }) => part === 'server')?.own ?? 0

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
