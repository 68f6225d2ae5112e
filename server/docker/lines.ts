import { StringDecoder } from 'node:string_decoder'

/** The longest line that is kept whole; longer ones come in pieces of this size, so that a line cannot fill memory. */
const longest = 1024 * 1024

/** The complete lines of a byte stream, without their ends; what follows the last newline is the last line. */
export async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let pending = ''
  for await (const chunk of stream) {
    const complete = (pending + decoder.write(chunk)).split('\n')
    pending = complete.pop() ?? ''
    yield* complete
    while (pending.length > longest) {
      yield pending.slice(0, longest)
      pending = pending.slice(longest)
    }
  }
  pending += decoder.end()
  if (pending !== '') yield pending
}
