import { type Socket, socketsOf } from '../docker/sockets.ts'
import type { Paas } from '../paas.ts'

/** What a container listens on, and what that means for the port on which it is asked. */
export type ListensOn = {
  /** `it listens on 127.0.0.1:3000; bind 0.0.0.0:5000` */
  readonly words: string
  /** Another port on which it could be reached: `ports:set` with it would help. */
  readonly otherPort: number | undefined
}

/** Docker's own name server listens in every container. */
const dockerResolver = '127.0.0.11'

/** Says where a container listens; words for it also where that cannot be seen from here. */
export async function listensOn(paas: Paas, name: string, port: number): Promise<ListensOn> {
  const all = await socketsOf(await paas.engine.containers.inspect(name), 'listening')
  const sockets = all?.filter((socket) => socket.address !== dockerResolver)
  return {
    words: inWords(sockets, port),
    otherPort: sockets?.find((socket) => !isLoopback(socket) && socket.port !== port)?.port,
  }
}

function inWords(sockets: readonly Socket[] | undefined, port: number): string {
  if (!sockets) return `nothing answers on port ${port}`
  if (sockets.length === 0) return 'it listens on no port'
  if (sockets.some((socket) => !isLoopback(socket) && socket.port === port))
    return `it accepts connections on port ${port} and does not answer GET /`
  const list = sockets
    .map(({ address, port }) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`))
    .join(', ')
  return `it listens on ${list}${sockets.every(isLoopback) ? `; bind 0.0.0.0:${port}` : `, not on ${port}`}`
}

const isLoopback = ({ address }: Socket): boolean => address.startsWith('127.') || address === '::1'
