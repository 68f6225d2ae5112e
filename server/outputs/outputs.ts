import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { filesOf, OutputFile, readOutput } from './output-file.ts'
import type { OutputLine } from './output-line.ts'

/** How many jobs of an app keep what they printed. */
const keptJobs = 100

export type JobName = { readonly appId: string; readonly id: number }

/** What jobs printed, in `$PAAS_HOME/FOLDER/APP-ID/`: of the newest 100 of each app, at most 768 KiB each. */
export class Outputs {
  readonly #folder: string
  readonly #open = new Map<number, OutputFile>()

  constructor(home: string, folder = 'outputs') {
    this.#folder = join(home, folder)
  }

  /** Where the job prints until it is disposed. The oldest job's output makes room. */
  open(job: JobName): OutputFile {
    this.#makeRoom(job.appId)
    const file = new OutputFile(this.#pathOf(job))
    this.#open.set(job.id, file)
    return file
  }

  /** Forgets that the job prints; who follows it learns that it has ended. */
  close({ id }: JobName): void {
    const file = this.#open.get(id)
    this.#open.delete(id)
    file?.[Symbol.dispose]()
  }

  /** Adds to what a job has left that is no longer open. */
  append(job: JobName, text: string): void {
    using file = new OutputFile(this.#pathOf(job))
    file.write(text)
  }

  /** What is kept; lines that are not are said, as one line in their place. */
  read(job: JobName): readonly OutputLine[] {
    return withGaps(readOutput(this.#pathOf(job)), 1)
  }

  /** As `read`, and what comes until the job ends or the signal. */
  async *follow(job: JobName, signal: AbortSignal): AsyncGenerator<OutputLine> {
    const gone = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    let next = 1
    for (;;) {
      const file = this.#open.get(job.id)
      const changed = file?.changed
      const lines = file?.since(next) ?? readOutput(this.#pathOf(job)).filter(({ number }) => number >= next)
      for (const line of withGaps(lines, next)) {
        if (signal.aborted) return
        yield line
        next = line.number + 1
      }
      if (file === undefined || signal.aborted) return
      await Promise.race([changed, gone])
    }
  }

  /** All of a job that is gone with its app. */
  removeOf(appId: string): void {
    rmSync(join(this.#folder, appId), { recursive: true, force: true })
  }

  #makeRoom(appId: string): void {
    const folder = join(this.#folder, appId)
    if (!existsSync(folder)) return
    const ids = readdirSync(folder).flatMap((name) =>
      /^\d+\.log$/.test(name) ? Number.parseInt(name, 10) : [],
    )
    for (const id of ids.sort((a, b) => b - a).slice(keptJobs - 1)) {
      if (!this.#open.has(id))
        for (const file of filesOf(this.#pathOf({ appId, id }))) rmSync(file, { force: true })
    }
  }

  #pathOf({ appId, id }: JobName): string {
    return join(this.#folder, appId, String(id))
  }
}

function withGaps(lines: readonly OutputLine[], from: number): readonly OutputLine[] {
  let next = from
  return lines.flatMap((line) => {
    const missing = line.number - next
    next = line.number + 1
    if (missing <= 0) return [line]
    return [{ number: line.number - 1, at: line.at, text: `       ... ${missing} lines were not kept` }, line]
  })
}
