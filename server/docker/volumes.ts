import type { CallOptions, Client } from './client.ts'
import { ConflictError, NotFoundError } from './engine-errors.ts'
import { labelFilter } from './images.ts'

/** A volume as the engine has it. */
export type Volume = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** The volumes of one engine. */
export class Volumes {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** There when this returns, also where it was before: then its labels stay. */
  async create(volume: Volume, options: CallOptions = {}): Promise<void> {
    await this.#client.call('making the volume', options, (abortSignal) =>
      this.#client.docker.createVolume({
        Name: volume.name,
        Driver: 'local',
        Labels: { ...volume.labels },
        abortSignal,
      }),
    )
  }

  /** Those that carry every one of `labels`. */
  async list(
    filter: { labels: Readonly<Record<string, string>> },
    options: CallOptions = {},
  ): Promise<Volume[]> {
    const { Volumes: found } = await this.#client.call('listing volumes', options, (abortSignal) =>
      this.#client.docker.listVolumes({
        filters: { label: labelFilter(filter.labels) },
        abortSignal,
      }),
    )
    return (found ?? []).map((volume) => ({ name: volume.Name, labels: volume.Labels ?? {} }))
  }

  /** Gone when this returns, also where it was before; `ConflictError` while a container has it. */
  async remove(name: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.#client.call('removing the volume', options, (abortSignal) =>
        this.#client.docker.getVolume(name).remove({ abortSignal }),
      )
    } catch (error) {
      if (error instanceof NotFoundError) return
      if (error instanceof Error && /volume is in use/.test(error.message))
        throw new ConflictError(error.message, { cause: error })
      throw error
    }
  }
}
