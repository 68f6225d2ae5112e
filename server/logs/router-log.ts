import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FolderEvents } from './folder-events.ts'
import type { LogEntry } from './log-entry.ts'

/** The folder of `home` in which they are. */
export const requestLogs = (home: string): string => join(home, 'router', 'log')

/** How far a file has been read; inode 0: there was none. */
export type RouterPlace = { readonly inode: number; readonly size: number }

/** The request lines that the router has written for an app, oldest first, and where they end. */
export async function routerHistory(
  home: string,
  appId: string,
): Promise<{ readonly entries: readonly LogEntry[]; readonly place: RouterPlace }> {
  const path = join(requestLogs(home), `${appId}.log`)
  const { inode } = await identity(path)
  const [old, now] = await Promise.all([read(`${path}.1`, 0), read(path, 0)])
  // The last line may be half written: following begins with it.
  const whole = now.text.slice(0, now.text.lastIndexOf('\n') + 1)
  return {
    entries: `${old.text}${whole}`.split('\n').flatMap(parse),
    place: { inode, size: Buffer.byteLength(whole) },
  }
}

/** Request lines from `from` on, until the signal. A rotated file is read to its end first. */
export async function* followRouter(
  log: { readonly home: string; readonly appId: string; readonly events: FolderEvents },
  from: RouterPlace,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const name = `${log.appId}.log`
  const path = join(requestLogs(log.home), name)
  let place = from
  let rest = ''
  while (!signal.aborted) {
    const changed = log.events.changed(name, signal)
    const now = await identity(path)
    if (now.inode !== place.inode) {
      const old = place.inode === 0 ? { text: '' } : await read(`${path}.1`, place.size)
      rest += old.text
      place = { inode: now.inode, size: 0 }
    }
    const { text, end } = await read(path, place.size)
    place = { ...place, size: end }
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield* parse(line)
    await changed
  }
}

async function identity(path: string): Promise<{ inode: number; size: number }> {
  const found = await stat(path).catch(() => undefined)
  return { inode: found?.ino ?? 0, size: found?.size ?? 0 }
}

async function read(path: string, from: number): Promise<{ text: string; end: number }> {
  const file = await open(path).catch(() => undefined)
  if (!file) return { text: '', end: from }
  try {
    const chunks: Buffer[] = []
    for await (const chunk of file.createReadStream({ start: from, autoClose: false }))
      chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    return { text: bytes.toString('utf8'), end: from + bytes.length }
  } finally {
    await file.close()
  }
}

function parse(line: string): LogEntry[] {
  const [, at, source, text] = /^(\S+Z) (app\[router\]): (.*)$/.exec(line) ?? []
  return at && source && text !== undefined ? [{ at, source, text }] : []
}
