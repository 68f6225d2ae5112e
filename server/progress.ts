/** Where long work says what happens now: the pusher's terminal, a command's output. */
export type Progress = {
  /** `-----> text` */
  step(text: string): void
  /** `=====> text` */
  heading(text: string): void
  /** Indented below its step. */
  detail(text: string): void
  /** ` !     text`, on stderr. */
  trouble(text: string): void
}
