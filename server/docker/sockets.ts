import { readFile } from 'node:fs/promises'

/** A TCP socket's own end. */
export type Socket = { readonly address: string; readonly port: number }

/** As the kernel's table writes it. */
const states = { connected: '01', listening: '0A' } as const

/**
 * The TCP sockets in this state in a container's network, by its first process. Undefined where that cannot be read:
 * the engine is on another machine, or the container has ended.
 */
export async function socketsOf(
  container: { readonly id: string; readonly pid: number | undefined },
  state: keyof typeof states,
): Promise<readonly Socket[] | undefined> {
  const { id, pid } = container
  if (pid === undefined) return undefined
  // With an engine elsewhere this number is some other process here.
  const cgroup = await read(`/proc/${pid}/cgroup`)
  if (cgroup === undefined || !cgroup.includes(id)) return undefined
  const tables = await Promise.all([read(`/proc/${pid}/net/tcp`), read(`/proc/${pid}/net/tcp6`)])
  if (tables[0] === undefined) return undefined
  const lines = tables.flatMap((table) => (table ?? '').split('\n'))
  return lines.flatMap((line) => socket(line, states[state]))
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

/** A line of the kernel's table: `sl local_address rem_address st ...` */
function socket(line: string, wanted: string): readonly Socket[] {
  const [, address, port, state] = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /.exec(line) ?? []
  if (address === undefined || port === undefined || state !== wanted) return []
  return [{ address: readable(address), port: Number.parseInt(port, 16) }]
}

/** The kernel writes an address as words of four bytes, each in the machine's order. */
function readable(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()])
  if (bytes.length === 4) return bytes.join('.')
  const ipv6 = Buffer.from(bytes)
  if (ipv6.every((byte) => byte === 0)) return '::'
  if (ipv6.subarray(0, 12).toString('hex') === '00000000000000000000ffff') return ipv6.subarray(12).join('.')
  const groups = (ipv6.toString('hex').match(/.{4}/g) ?? []).map((group) =>
    Number.parseInt(group, 16).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
