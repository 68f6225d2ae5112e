/** A place between two entries of a container's log. */
export type LogPlace = {
  /** Of the file; 0 where it was read through the engine's API. */
  readonly inode: number
  /** Bytes from its beginning. */
  readonly offset: number
  /** Time of the entry that ends here, as the engine wrote it; empty at the beginning of a file. */
  readonly time: string
}

/** What has been read: whole entries, each a line of JSON as the engine's `json-file` driver writes it. */
export type LogChunk = {
  /** Valid until the next read of any log. */
  readonly bytes: Buffer
  readonly from: LogPlace
  readonly to: LogPlace
  /** More may be there already. */
  readonly isFull: boolean
}

/** A file of a container's log, and how long it was. */
export type LogLength = {
  /** No other file of this log has ever had the same. */
  readonly identity: string
  readonly bytes: number
}

/** One container's log, read piece by piece from a place on. */
export type LogSource = Disposable & {
  /** Whether the container has been removed. Throws where that cannot be told. */
  readonly isGone: boolean
  /** The newest file up to where it was read; undefined: that is not known. */
  readonly length: LogLength | undefined
  /** Why nothing can be read now; undefined: it can. */
  readonly trouble: string | undefined
  /** Whether entries were gone before they were read, since this was asked last. */
  takeLost(): boolean
  /** The next entries, about so many bytes; undefined: there are none now. Throws where they may not be read. */
  read(mostBytes?: number): LogChunk | undefined
  /** Resolves when `read` gives all that was written before, or that cannot be: somebody has to read meanwhile. */
  upToNow(): Promise<void>
}
