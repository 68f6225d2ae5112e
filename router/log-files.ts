import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from './report.ts'

/** Appends lines to files in batches; a file that reaches `maxBytes` becomes `NAME.log.1`, and one such is kept. */
export type LogFiles = AsyncDisposable & {
  append(name: string, line: string): void
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
/** At most, in UTF-8, for one of JavaScript's. */
const bytesOfCharacter = 3

/** Files in `directory`, which is made. */
export async function createLogFiles(options: LogFileOptions): Promise<LogFiles> {
  const { directory, report, maxBytes = 5_000_000 } = options
  await mkdir(directory, { recursive: true, mode: 0o750 })
  const sizes = new Map<string, number>()
  let pending = new Map<string, Batch>()
  let pendingBytes = 0
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> = Promise.resolve()

  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    flushing = flushing.then(async () => {
      const batches = pending
      pending = new Map()
      pendingBytes = 0
      for (const [name, { bytes, used, lines }] of batches) {
        try {
          await write(name, bytes.subarray(0, used))
        } catch (error) {
          if (dropped === 0) report(`can't write the request log ${name}.log: ${(error as Error).message}`)
          dropped += lines
        }
      }
    })
    return flushing
  }

  const write = async (name: string, bytes: Buffer): Promise<void> => {
    const path = join(directory, `${name}.log`)
    // A file may have been deleted or moved by somebody else.
    let size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    if (size > 0 && size + bytes.length > maxBytes) {
      await rename(path, join(directory, `${name}.log.1`))
      size = 0
    }
    sizes.set(name, size + bytes.length)
    await appendFile(path, bytes, { mode: 0o640 })
  }

  return {
    append(name, line) {
      if (pendingBytes > maxPendingBytes) {
        dropped++
        return
      }
      let batch = pending.get(name)
      if (!batch) {
        batch = { bytes: Buffer.allocUnsafeSlow(firstBytes), used: 0, lines: 0 }
        pending.set(name, batch)
      }
      const used = batch.used
      addLine(batch, line)
      pendingBytes += batch.used - used
      timer ??= setTimeout(flush, flushMs)
    },
    async [Symbol.asyncDispose]() {
      await flush()
      if (dropped > 0) report(`${dropped} lines of the request log were lost`)
    },
  }
}

function addLine(batch: Batch, line: string): void {
  const most = batch.used + line.length * bytesOfCharacter + 1
  if (most > batch.bytes.length) {
    const larger = Buffer.allocUnsafeSlow(Math.max(most, batch.bytes.length * 2))
    batch.bytes.copy(larger, 0, 0, batch.used)
    batch.bytes = larger
  }
  batch.used += batch.bytes.write(line, batch.used)
  batch.bytes[batch.used++] = 0x0a
  batch.lines++
}
