import { UserError } from '../errors.ts'
import type { Database, Row } from './database.ts'
import { randomName } from './identifiers.ts'

/** Files of an app that outlive its containers and releases. */
export type Volume = {
  readonly id: string
  readonly appId: string
  readonly name: string
  /** Docker's name of it. */
  readonly dockerName: string
  readonly createdAt: string
}

/** Where containers of an app see a volume, or a folder of the host. */
export type Mount = {
  readonly source: { readonly volume: Volume } | { readonly hostPath: string }
  /** Absolute path in the container. */
  readonly directory: string
  /** Only containers of this process type (`run`: one-offs); null: all. */
  readonly process: string | null
}

/** Throws `UserError` where a volume cannot have this name. */
export function parseVolumeName(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) return name
  throw new UserError(`"${name.slice(0, 60)}" cannot be a volume's name`, {
    next: 'Use 1 to 31 lower-case letters, digits and dashes, the first no dash: uploads, data-2',
  })
}

/** A name for Docker that no volume has had. */
export const newDockerName = (appId: string): string => `paas-${appId}-v-${randomName(8)}`

/** Which volumes apps have, and where they are mounted. */
export class Storage {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** `name` where a new volume of the app may have it. Throws `UserError`. */
  freeName(appId: string, name: string): string {
    if (!this.find(appId, parseVolumeName(name))) return name
    throw new UserError(`There is a volume "${name}" already`, { next: 'See them: storage' })
  }

  /** A volume that is not the app's yet. Throws `UserError` where the app has one of this name. */
  draft(appId: string, name: string): Volume {
    return {
      id: randomName(10),
      appId,
      name: this.freeName(appId, name),
      dockerName: newDockerName(appId),
      createdAt: new Date().toISOString(),
    }
  }

  add(volume: Volume): void {
    this.#database.run(
      'INSERT INTO volume (id, app_id, name, docker_name, created_at) VALUES (?, ?, ?, ?, ?)',
      volume.id,
      volume.appId,
      volume.name,
      volume.dockerName,
      volume.createdAt,
    )
  }

  find(appId: string, name: string): Volume | undefined {
    const row = this.#database.get('SELECT * FROM volume WHERE app_id = ? AND name = ?', appId, name)
    return row && toVolume(row)
  }

  /** By name. */
  volumesOf(appId: string): readonly Volume[] {
    return this.#database.all('SELECT * FROM volume WHERE app_id = ? ORDER BY name', appId).map(toVolume)
  }

  /** Docker's names of all that are in use. */
  dockerNames(): ReadonlySet<string> {
    return new Set(this.#database.all('SELECT docker_name FROM volume').map((row) => String(row.docker_name)))
  }

  /** Other files in its place. */
  setDockerName(id: string, dockerName: string): void {
    this.#database.run('UPDATE volume SET docker_name = ? WHERE id = ?', dockerName, id)
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM volume WHERE id = ?', id)
  }

  /** By directory. */
  mountsOf(appId: string): readonly Mount[] {
    return this.#database
      .all(
        'SELECT mount.directory, mount.process, mount.host_path, volume.* FROM mount LEFT JOIN volume ON volume.id = mount.volume_id WHERE mount.app_id = ? ORDER BY mount.directory, mount.process',
        appId,
      )
      .map(toMount)
  }

  /** These and no others. */
  replaceMounts(appId: string, mounts: readonly Mount[]): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM mount WHERE app_id = ?', appId)
      for (const { source, directory, process } of mounts)
        this.#database.run(
          'INSERT INTO mount (app_id, volume_id, host_path, directory, process) VALUES (?, ?, ?, ?, ?)',
          appId,
          'volume' in source ? source.volume.id : null,
          'volume' in source ? null : source.hostPath,
          directory,
          process,
        )
    })
  }
}

const toVolume = (row: Row): Volume => ({
  id: String(row.id),
  appId: String(row.app_id),
  name: String(row.name),
  dockerName: String(row.docker_name),
  createdAt: String(row.created_at),
})

const toMount = (row: Row): Mount => ({
  source: row.host_path === null ? { volume: toVolume(row) } : { hostPath: String(row.host_path) },
  directory: String(row.directory),
  process: row.process === null ? null : String(row.process),
})
