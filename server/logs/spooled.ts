import type { Spool } from './spool.ts'

/** What `source` gives, for a reader that may be slower: meanwhile it waits in `spool`. The source is read to its end. */
export async function* spooled<T>(source: AsyncIterable<T>, spool: Spool<T>): AsyncGenerator<T> {
  const ended = new AbortController()
  const reading = readAll(source, spool).finally(() => ended.abort())
  // It is thrown below, when all that came before has been taken.
  reading.catch(() => {})
  while (!ended.signal.aborted || spool.size > 0) {
    await spool.filled(ended.signal)
    yield* spool.take(Number.POSITIVE_INFINITY)
  }
  await reading
}

async function readAll<T>(source: AsyncIterable<T>, spool: Spool<T>): Promise<void> {
  for await (const entry of source) spool.push(entry)
}
