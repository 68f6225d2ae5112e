/** The other end of a log drain. */
export type Sink = {
  /** Resolves when all of it was taken; rejects where that is not known. Sent again it may arrive twice. */
  send(messages: readonly Buffer[], signal: AbortSignal): Promise<void>
  close(): void
}

/** How long one sending may take. */
export const sendMs = 10_000
