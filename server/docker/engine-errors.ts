import { UnavailableError } from '../errors.ts'

/** The container, image or network that a call named does not exist. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

/** What was asked cannot be: an image's command that is not in it, a limit that is too low. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

/** The engine refuses in the object's present state: a name that is taken, a container that is not running, a network in use. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
}

/** The engine has not answered within a call's deadline: whatever is asked of it next will hardly fare better. */
export class SilentEngineError extends UnavailableError {}

/** The subnet or bridge name of a new network is in use: take the next one. */
export class NetworkOverlapError extends ConflictError {}
