import { once } from 'node:events'
import type { Call } from './command.ts'

/** Waits for who reads what `call` writes without an end: who reads slowly holds up himself alone, and fills no memory. */
export async function readerFollows({ session, signal }: Pick<Call, 'session' | 'signal'>): Promise<void> {
  if (session.stdout.writableNeedDrain && !signal.aborted)
    await once(session.stdout, 'drain', { signal }).catch(() => {})
}
