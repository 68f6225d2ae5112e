/** A piece of a container's output, as the engine framed it. */
export type Frame = {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Buffer
  readonly complete: boolean
}

/**
 * Splits the engine's multiplexed stream (8 bytes of header: the stream's number, three zeros, the length). A frame
 * is handed on as it arrives, in pieces; `complete` marks the last. Throws on a header that cannot be one.
 */
export async function* frames(stream: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let header = Buffer.alloc(0)
  let missing = 0
  let from: Frame['stream'] = 'stdout'
  for await (const chunk of stream) {
    let rest = chunk
    while (rest.length > 0) {
      if (missing === 0) {
        const wanted = 8 - header.length
        header = Buffer.concat([header, rest.subarray(0, wanted)])
        rest = rest.subarray(wanted)
        if (header.length < 8) break
        from = source(header)
        missing = header.readUInt32BE(4)
        header = Buffer.alloc(0)
        continue
      }
      const bytes = rest.subarray(0, missing)
      rest = rest.subarray(bytes.length)
      missing -= bytes.length
      yield { stream: from, bytes, complete: missing === 0 }
    }
  }
}

function source(header: Buffer): Frame['stream'] {
  const number = header.readUInt8(0)
  if (number > 2 || header.readUIntBE(1, 3) !== 0)
    throw new Error('The engine sent output that is not framed')
  return number === 2 ? 'stderr' : 'stdout'
}
