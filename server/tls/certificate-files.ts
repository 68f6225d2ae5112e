import { chownSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificateFolder } from '../../router/paths.ts'
import { ensureMemoryFolder, type Owner } from '../memory-folder.ts'
import type { Store } from '../state/store.ts'
import { certificateFile } from './certificate-facts.ts'
import type { KeyPair } from './key-pair.ts'

/**
 * The certificates with their keys in clear, where HAProxy reads them. It has no way to the master key, so the server
 * opens them: into memory alone, for the router's user alone. The store keeps them sealed.
 */
export class CertificateFiles {
  readonly #home: string
  readonly #store: Store
  readonly #folder: string

  constructor(home: string, store: Store) {
    this.#home = home
    this.#store = store
    this.#folder = certificateFolder(home)
  }

  /** Makes the folder hold what the store has. Throws `UserError` where it is somebody else's. */
  restore(): void {
    for (const { appId } of this.#store.certificates.list()) {
      const pair = this.#store.certificates.open(appId)
      if (pair) this.write(pair)
    }
    this.prune()
  }

  /** To be called before a route names it. */
  write({ chain, privateKey }: KeyPair): void {
    ensureMemoryFolder(this.#folder, this.#reader())
    const path = join(this.#folder, certificateFile(chain))
    const { uid, gid } = this.#reader()
    writeFileSync(`${path}.new`, chain + privateKey, { mode: 0o400 })
    chownSync(`${path}.new`, uid, gid)
    renameSync(`${path}.new`, path)
  }

  /** Removes what no app has any more; to be called when no router needs it. */
  prune(): void {
    const wanted = new Set(this.#store.certificates.list().map(({ chain }) => certificateFile(chain)))
    for (const name of this.#names()) if (!wanted.has(name)) rmSync(join(this.#folder, name), { force: true })
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  /** Whose the router's own folder is. */
  #reader(): Owner {
    return statSync(join(this.#home, 'router'))
  }
}
