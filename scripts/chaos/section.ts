/** One line of the table: a promise beside what was seen. */
export type Finding = {
  /** The promise's number in docs/chaos.md: `30`, `32b`. */
  readonly row: string
  readonly promise: string
  readonly measured: string
  readonly holds: boolean
}

/** Causes faults on instances of its own, and says what came of them. Found by its file in `sections/`. */
export type Section = {
  readonly summary: string
  /** Docker itself goes down, for everybody on this machine: runs only when it is asked for by name. */
  readonly restartsDocker?: boolean
  readonly run: () => Promise<readonly Finding[]>
}
