import type { Spool } from './spool.ts'

/** What `source` gives from now on, for a reader that may be slower: meanwhile it waits in `spool`. The source is read to its end. */
export function spooled<T>(source: AsyncIterable<T>, spool: Spool<T>): AsyncGenerator<T> {
  const ended = new AbortController()
  const reading = readAll(source, spool).finally(() => ended.abort())
  // It is thrown to who takes, when all that came before has been taken.
  reading.catch(() => {})
  return takeAll(spool, reading, ended.signal)
}

async function readAll<T>(source: AsyncIterable<T>, spool: Spool<T>): Promise<void> {
  for await (const entry of source) spool.push(entry)
}

async function* takeAll<T>(spool: Spool<T>, reading: Promise<void>, ended: AbortSignal): AsyncGenerator<T> {
  while (!ended.aborted || spool.size > 0) {
    await spool.filled(ended)
    yield* spool.take(Number.POSITIVE_INFINITY)
  }
  await reading
}
