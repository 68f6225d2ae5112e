import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { execa } from 'execa'

/** Another machine in the local network, made of a network namespace: all its ports answer. */
export type Neighbour = AsyncDisposable & {
  readonly address: string
  /** In 169.254.0.0/16, as the metadata service of a cloud. */
  readonly linkLocal: string
  readonly address6: string
}

/** Answers to TCP and UDP on each of `ports`. Needs root. */
export async function openNeighbour(ports: readonly number[]): Promise<Neighbour> {
  const [first = 0, second = 0] = randomBytes(2)
  const id = `${first.toString(16)}${second.toString(16)}`
  const names = { space: `paas-lan-${id}`, outside: `plo${id}`, inside: `pli${id}` }
  const prefix = `10.${64 + (first % 60)}.${second}`
  const neighbour = {
    address: `${prefix}.2`,
    linkLocal: `169.254.${64 + (first % 60)}.${second}`,
    address6: `fd00:77:${id}::2`,
  }
  const ip = (...words: string[]) => execa('ip', words)
  const inside = (...words: string[]) => ip('-n', names.space, ...words)
  await ip('netns', 'add', names.space)
  const dispose = async (): Promise<void> => {
    server?.kill('SIGKILL')
    await execa('ip', ['link', 'del', names.outside], { reject: false })
    await execa('ip', ['netns', 'del', names.space], { reject: false })
  }
  let server: { kill(signal: 'SIGKILL'): unknown } | undefined
  try {
    await ip('link', 'add', names.outside, 'type', 'veth', 'peer', 'name', names.inside, 'netns', names.space)
    await ip('addr', 'add', `${prefix}.1/30`, 'dev', names.outside)
    await ip('addr', 'add', `fd00:77:${id}::1/64`, 'dev', names.outside, 'nodad')
    await ip('link', 'set', names.outside, 'up')
    await inside('addr', 'add', `${prefix}.2/30`, 'dev', names.inside)
    await inside('addr', 'add', `${neighbour.address6}/64`, 'dev', names.inside, 'nodad')
    await inside('addr', 'add', `${neighbour.linkLocal}/32`, 'dev', names.inside)
    await inside('link', 'set', names.inside, 'up')
    await inside('link', 'set', 'lo', 'up')
    await inside('route', 'add', 'default', 'via', `${prefix}.1`)
    await ip('route', 'add', `${neighbour.linkLocal}/32`, 'via', neighbour.address)
    const listening = execa(
      'ip',
      ['netns', 'exec', names.space, process.execPath, '-e', listen, ...ports.map(String)],
      { reject: false },
    )
    server = listening
    await Promise.race([once(listening.stdout, 'data'), listening.then(failed)])
    return { ...neighbour, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

function failed({ stderr }: { readonly stderr: string }): never {
  throw new Error(`The neighbour does not listen: ${stderr}`)
}

const listen = `
const { createSocket } = require('node:dgram')
const { createServer } = require('node:net')
const { once } = require('node:events')
Promise.all(process.argv.slice(1).map(Number).flatMap((port) => {
  const udp = createSocket('udp6')
  udp.on('message', (message, { address, port }) => udp.send(message, port, address))
  udp.bind(port, '::')
  return [once(createServer((socket) => socket.end()).listen(port, '::'), 'listening'), once(udp, 'listening')]
})).then(() => console.log('listening'))
`
