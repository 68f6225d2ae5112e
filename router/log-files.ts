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

type Batch = { text: string; lines: number }

const flushMs = 100
// A disk that takes nothing must not cost the router its memory.
const maxPendingBytes = 16_000_000

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
      for (const [name, { text, lines }] of batches) {
        try {
          await write(name, text)
        } catch (error) {
          if (dropped === 0) report(`can't write the request log ${name}.log: ${(error as Error).message}`)
          dropped += lines
        }
      }
    })
    return flushing
  }

  const write = async (name: string, text: string): Promise<void> => {
    const path = join(directory, `${name}.log`)
    // A file may have been deleted or moved by somebody else.
    let size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    if (size > 0 && size + text.length > maxBytes) {
      await rename(path, join(directory, `${name}.log.1`))
      size = 0
    }
    sizes.set(name, size + text.length)
    await appendFile(path, text, { mode: 0o640 })
  }

  return {
    append(name, line) {
      if (pendingBytes > maxPendingBytes) {
        dropped++
        return
      }
      const batch = pending.get(name)
      if (batch) {
        batch.text += `${line}\n`
        batch.lines++
      } else pending.set(name, { text: `${line}\n`, lines: 1 })
      pendingBytes += line.length + 1
      timer ??= setTimeout(flush, flushMs)
    },
    async [Symbol.asyncDispose]() {
      await flush()
      if (dropped > 0) report(`${dropped} lines of the request log were lost`)
    },
  }
}
