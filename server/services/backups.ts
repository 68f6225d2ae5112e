import { createReadStream, type ReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { InterruptedError, UserError } from '../errors.ts'
import type { Service } from '../state/services.ts'

/** A dump that was read back into a database before it got its name. */
export type Backup = {
  /** When it was begun, in UTC: `20260801-100000-123` */
  readonly id: string
  /** Compressed. */
  readonly bytes: number
}

const ending = '.sql.gz'

/** Where the backups of a service are: they go with it. */
export const backupFolder = (home: string, serviceId: string): string => join(home, 'backups', serviceId)

export const backupFile = (id: string): string => `${id}${ending}`

/** The backups of a service in the instance's folder `home`. */
export class Backups {
  readonly #folder: string
  readonly #service: Service

  constructor(home: string, service: Service) {
    this.#folder = backupFolder(home, service.id)
    this.#service = service
  }

  /** The newest first. */
  async list(): Promise<readonly Backup[]> {
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    const files = names.filter((name) => name.endsWith(ending)).sort()
    return Promise.all(
      files.reverse().map(async (name) => ({
        id: name.slice(0, -ending.length),
        bytes: (await stat(join(this.#folder, name))).size,
      })),
    )
  }

  /** The one of this id, or the newest. Throws `UserError` where there is none. */
  async find(id: string | undefined): Promise<Backup> {
    const all = await this.list()
    const found = id === undefined ? all[0] : all.find((backup) => backup.id === id)
    if (found) return found
    const { kind, name } = this.#service
    if (all.length === 0)
      throw new UserError(`There is no backup of ${name}`, { next: `Make one: ${kind}:backup ${name}` })
    throw new UserError(`There is no backup "${id?.slice(0, 60)}" of ${name}`, {
      next: `List them: ${kind}:backups ${name}`,
    })
  }

  /** Throws `UserError` where the file is not as it was written. */
  async assertWhole(backup: Backup, signal: AbortSignal): Promise<void> {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    try {
      await pipeline(this.read(backup), createGunzip(), nowhere, { signal })
    } catch (cause) {
      if (signal.aborted) throw new InterruptedError()
      throw new UserError(`The backup ${backup.id} of ${this.#service.name} is damaged`, {
        cause,
        next: `Take another one: ${this.#service.kind}:backups ${this.#service.name}`,
      })
    }
  }

  /** Its compressed bytes. */
  read(backup: Backup): ReadStream {
    return createReadStream(join(this.#folder, backupFile(backup.id)))
  }
}
