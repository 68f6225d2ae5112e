import type { Readable } from 'node:stream'

/** The packet that ends a section. */
export const flushPacket = Buffer.from('0000')

/** One packet of git's pkt-line format. */
export function packet(text: string): Buffer {
  const payload = Buffer.from(text)
  if (payload.length > 65_516) throw new Error('A packet holds at most 65516 bytes')
  return Buffer.concat([Buffer.from((payload.length + 4).toString(16).padStart(4, '0')), payload])
}

/** Reads packets; a section ends with a flush packet. Throws where the stream ends or is malformed before. */
export class PacketReader {
  readonly #stream: AsyncIterator<Buffer>
  #data: Buffer = Buffer.alloc(0)

  constructor(stream: Readable) {
    this.#stream = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** The first packet; undefined where the stream ends without one. */
  async firstPacket(): Promise<string | undefined> {
    const next = await this.#stream.next()
    if (next.done === true) return undefined
    this.#data = next.value
    return this.#packet()
  }

  /** The packets up to the next flush packet, each without its line end. At most `limit`. */
  async section(limit = 10_000): Promise<string[]> {
    const packets: string[] = []
    for (;;) {
      const packet = await this.#packet()
      if (packet === undefined) return packets
      if (packets.length === limit) throw new Error('Too many packets')
      packets.push(packet)
    }
  }

  async #packet(): Promise<string | undefined> {
    const length = packetLength(await this.#take(4))
    return length === 0 ? undefined : (await this.#take(length - 4)).toString().replace(/\n$/, '')
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#data.length < length) {
      const next = await this.#stream.next()
      if (next.done === true) throw new Error('The stream ended within a section')
      this.#data = Buffer.concat([this.#data, next.value])
    }
    const taken = this.#data.subarray(0, length)
    this.#data = this.#data.subarray(length)
    return taken
  }
}

/** The length that a packet's first four bytes tell, themselves included; 0 for a flush packet. */
export function packetLength(head: Buffer): number {
  const text = head.toString('latin1')
  const length = /^[0-9a-fA-F]{4}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN
  if (Number.isNaN(length) || (length > 0 && length < 4)) throw new Error('Malformed packet')
  return length
}
