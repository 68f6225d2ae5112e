/**
 * The four ways in which a request ends badly, as people see them. Whatever else is thrown is our bug and is
 * shown as "Internal error (ref)", its stack in the server's log.
 */

/** Exit codes that every command keeps to (sysexits.h where a number exists there). */
export const exitCode = {
  done: 0,
  failed: 1,
  noSuchApp: 20,
  usage: 64,
  unavailable: 75,
  notAllowed: 77,
  interrupted: 130,
} as const

export type ExitCode = number

/** Base of all errors whose message is meant for the person who typed. */
export class PaasError extends Error {
  readonly exitCode: ExitCode
  /** One line: what to type or do next. */
  readonly next: string | undefined

  constructor(message: string, options: { exitCode?: ExitCode; next?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.exitCode = options.exitCode ?? exitCode.failed
    this.next = options.next
  }
}

/** The person's mistake: says what failed and what to type next. */
export class UserError extends PaasError {}

/** The command line could not be understood. Exit code 64. */
export class UsageError extends PaasError {
  constructor(message: string, options: { next?: string; cause?: unknown } = {}) {
    super(message, { ...options, exitCode: exitCode.usage })
  }
}

/** The app does not exist, or the person may not see it: the same words for both. Exit code 20. */
export class NoSuchAppError extends PaasError {
  constructor(name: string, next = 'List your apps: apps') {
    super(`There is no app "${name}"`, { exitCode: exitCode.noSuchApp, next })
  }
}

/** What the person sees but may not do. Exit code 77. */
export class NotAllowedError extends PaasError {
  constructor(message: string, options: { next?: string } = {}) {
    super(message, { ...options, exitCode: exitCode.notAllowed })
  }
}

/** The pushed app failed (build, start, check): carries its last lines; the old release keeps serving. */
export class AppError extends PaasError {
  readonly lastLines: readonly string[]

  constructor(
    message: string,
    options: { lastLines?: readonly string[]; next?: string; cause?: unknown } = {},
  ) {
    super(message, options)
    this.lastLines = options.lastLines ?? []
  }
}

/** A part that we need (Docker, Redis, MySQL, the router) does not answer. Exit code 75. */
export class UnavailableError extends PaasError {
  constructor(message: string, options: { next?: string; cause?: unknown } = {}) {
    super(message, { ...options, exitCode: exitCode.unavailable })
  }
}

/** The person or the server's shutdown stopped the work. Exit code 130. */
export class InterruptedError extends PaasError {
  constructor(message = 'Interrupted') {
    super(message, { exitCode: exitCode.interrupted })
  }
}

/** The server itself ended the session: it stops, or the key was removed. Nothing of it may go on. Exit code 130. */
export class EndedByServerError extends InterruptedError {
  constructor() {
    super('The server ended the session')
  }
}

/** Our bug: the person gets a reference that the log repeats. */
export class InternalError extends PaasError {}

/** An error in one line for the log: our own words where there are any. */
export const describe = (error: unknown): string =>
  error instanceof PaasError ? error.message : String(error)
