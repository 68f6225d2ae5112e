import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  return (await freePorts())[0]
}

/** Three that differ. */
export async function freePorts(): Promise<[number, number, number]> {
  const held = await Promise.all([hold(), hold(), hold()])
  const [one, other, third] = held.map(({ port }) => port)
  await Promise.all(held.map(({ release }) => release()))
  return [one as number, other as number, third as number]
}

async function hold() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, release: () => once(server.close(), 'close') }
}
