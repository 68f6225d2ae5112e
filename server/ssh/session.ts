import type { Readable, Writable } from 'node:stream'
import type { Said } from '../output.ts'
import type { Person } from './authentication.ts'

/** One command, or one request for a shell, of a person who proved a key or showed a token. */
export type Session = {
  readonly person: Person
  /** The SSH user name. It only picks an app. */
  readonly sshUser: string
  /** The client's IP address. */
  readonly address: string
  /** What was typed after the host, as it came; empty for a shell request. */
  readonly line: string
  /** What `line` would be split into, where words came instead of a line. */
  readonly words?: readonly string[]
  /** Takes all that is said as data: a program asks. */
  readonly say?: (said: Said) => void
  readonly environment: SessionEnvironment
  /** Ends where the client ended it; destroyed with an error when the client is lost before. */
  readonly stdin: Readable
  /** Takes and drops what is written after the client has gone. */
  readonly stdout: Writable
  readonly stderr: Writable
  /** Undefined where the client asked for none. */
  readonly terminal: Terminal | undefined
  /** Aborted when the client goes, closes the channel or sends a signal, and when the door closes. */
  readonly signal: AbortSignal
}

/** What clients may set; all else is ignored. */
export type SessionEnvironment = {
  readonly PAAS_APP?: string
  /** `version=0`, `version=1` or `version=2` */
  readonly GIT_PROTOCOL?: string
}

export type TerminalSize = { readonly columns: number; readonly rows: number }

/** `columns` and `rows` are those of now. */
export type Terminal = TerminalSize & {
  readonly term: string
  onResize(listener: (size: TerminalSize) => void): void
}
