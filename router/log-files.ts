import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from './report.ts'

/** Appends lines to files in batches; a file that reaches `maxBytes` becomes `NAME.log.1`, and one such is kept. */
export type LogFiles = AsyncDisposable & {
  /** @param write writes a line and its newline from an offset on, at most so many bytes, and returns where it ends */
  append(name: string, mostBytes: number, write: (bytes: Buffer, at: number) => number): void
}

export type LogFileOptions = {
  readonly directory: string
  readonly report: Report
  readonly maxBytes?: number
}

// Bytes, not text: thousands of short-lived strings that wait for a flush cost the collector more than all else here.
type Batch = { bytes: Buffer; used: number; lines: number }

const flushMs = 100
// A disk that takes nothing must not cost the router its memory.
const maxPendingBytes = 16_000_000
const firstBytes = 2_048
/** A batch of so much is written before its time. */
const fullBytes = 262_144

/** Files in `directory`, which is made. */
export async function createLogFiles(options: LogFileOptions): Promise<LogFiles> {
  const { directory, report, maxBytes = 5_000_000 } = options
  await mkdir(directory, { recursive: true, mode: 0o750 })
  let pending = new Map<string, Batch>()
  // Of those that were written last: to allocate so much anew each time makes V8 mark its whole heap twice a second.
  let spare = new Map<string, Buffer>()
  let pendingBytes = 0
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  let isFull = false
  let flushing: Promise<void> = Promise.resolve()

  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    flushing = flushing.then(async () => {
      const batches = pending
      const written = new Map<string, Buffer>()
      pending = new Map()
      pendingBytes = 0
      isFull = false
      for (const [name, { bytes, used, lines }] of batches) {
        try {
          await write(name, bytes.subarray(0, used))
          written.set(name, bytes)
        } catch (error) {
          if (dropped === 0) report(`can't write the request log ${name}.log: ${(error as Error).message}`)
          dropped += lines
        }
      }
      spare = written
      if (spare.size > 0) timer ??= setTimeout(flush, flushMs)
    })
    return flushing
  }

  const write = async (name: string, bytes: Buffer): Promise<void> => {
    const path = join(directory, `${name}.log`)
    // A file may have been deleted or moved by somebody else.
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    if (size > 0 && size + bytes.length > maxBytes) await rename(path, join(directory, `${name}.log.1`))
    await appendFile(path, bytes, { mode: 0o640 })
  }

  return {
    append(name, mostBytes, write) {
      if (pendingBytes > maxPendingBytes) {
        dropped++
        return
      }
      let batch = pending.get(name)
      if (!batch) {
        batch = { bytes: spare.get(name) ?? Buffer.allocUnsafeSlow(firstBytes), used: 0, lines: 0 }
        spare.delete(name)
        pending.set(name, batch)
      }
      makeRoom(batch, mostBytes)
      const end = write(batch.bytes, batch.used)
      pendingBytes += end - batch.used
      batch.used = end
      batch.lines++
      timer ??= setTimeout(flush, flushMs)
      if (batch.used < fullBytes || isFull) return
      isFull = true
      void flush()
    },
    async [Symbol.asyncDispose]() {
      await flush()
      clearTimeout(timer)
      if (dropped > 0) report(`${dropped} lines of the request log were lost`)
    },
  }
}

function makeRoom(batch: Batch, bytes: number): void {
  const most = batch.used + bytes
  if (most <= batch.bytes.length) return
  const larger = Buffer.allocUnsafeSlow(Math.max(most, batch.bytes.length * 2))
  batch.bytes.copy(larger, 0, 0, batch.used)
  batch.bytes = larger
}
