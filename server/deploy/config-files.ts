import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MountSpec } from '../docker/container-spec.ts'
import { ensureMemoryFolder } from '../memory-folder.ts'
import { filesIn } from '../state/config.ts'
import { contentOf } from '../state/config-file.ts'
import type { Release } from '../state/releases.ts'

/** Where they lie in clear: in memory, so that a stolen disk holds none. */
export const configFilesFolder = (home: string): string =>
  join('/dev/shm', `paas-${createHash('sha256').update(home).digest('hex').slice(0, 16)}-files`)

/** The config vars that containers have as files, where Docker mounts them from; the store keeps them sealed. */
export class ConfigFiles {
  readonly #folder: string

  constructor(home: string) {
    this.#folder = configFilesFolder(home)
  }

  /** Puts a release's files there and returns how its containers have them; to be called before each start of one. */
  provide({ appId, version, config }: Pick<Release, 'appId' | 'version' | 'config'>): readonly MountSpec[] {
    const files = Object.entries(filesIn(config))
    if (files.length === 0) return []
    ensureMemoryFolder(this.#folder, { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 })
    const folder = join(this.#folder, appId, `v${version}`)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return files.map(([name, file]) => {
      const place = join(folder, name)
      put(place, contentOf(file))
      return { file: place, path: file.path }
    })
  }

  /** Removes those of the app's releases before the last two that no container is of. */
  prune(appId: string, needed: ReadonlySet<number>, current: number): void {
    for (const name of this.#namesIn(appId)) {
      const version = Number(name.slice(1))
      // A one-off may be about to start from the one that was replaced just now.
      if (version < current - 1 && !needed.has(version))
        rmSync(join(this.#folder, appId, name), { recursive: true, force: true })
    }
  }

  removeOf(appId: string): void {
    rmSync(join(this.#folder, appId), { recursive: true, force: true })
  }

  #namesIn(appId: string): readonly string[] {
    try {
      return readdirSync(join(this.#folder, appId))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}

/** A file that is mounted already stays the same one. Whoever the app runs as may read it; nobody else gets there. */
function put(place: string, content: Buffer): void {
  if (contentAt(place)?.equals(content)) return
  writeFileSync(`${place}.new`, content, { mode: 0o444 })
  renameSync(`${place}.new`, place)
}

function contentAt(place: string): Buffer | undefined {
  try {
    return readFileSync(place)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
