import { type FSWatcher, watch } from 'node:fs'

const lookMs = 1_000

/**
 * Tells when a file in a folder changes, with one watch for whoever asks. Each wait ends after a second at the latest:
 * the folder may not be there yet, and an event may be lost.
 */
export class FolderEvents {
  readonly #folder: string
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>()
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Resolves when `name` has changed since this was called, or a second has passed, or the signal aborts. */
  async changed(name: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    this.#watch()
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref()
    let wait = this.#waiting.get(name)
    if (!wait) {
      wait = Promise.withResolvers()
      this.#waiting.set(name, wait)
    }
    const { resolve } = wait
    signal.addEventListener('abort', wake, { once: true })
    await wait.promise
    signal.removeEventListener('abort', wake)

    function wake(): void {
      resolve()
    }
  }

  #watch(): void {
    if (this.#watcher) return
    try {
      this.#watcher = watch(this.#folder, { persistent: false }, (_event, name) => this.#tell(name ?? ''))
      this.#watcher.on('error', () => this.#end())
    } catch {
      // Not there yet, or the kernel has no more watches: there is the second.
      this.#watcher = undefined
    }
  }

  #look(): void {
    const waited = this.#waiting.size > 0
    for (const name of [...this.#waiting.keys()]) this.#tell(name)
    if (waited) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#end()
  }

  #tell(name: string): void {
    this.#waiting.get(name)?.resolve()
    this.#waiting.delete(name)
  }

  #end(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }
}
