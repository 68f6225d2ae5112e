/** The container, image or network that a call named does not exist. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
}

/** The engine refuses in the object's present state: a name that is taken, a container that is not running, a network in use. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
}

/** The subnet or bridge name of a new network is in use: take the next one. */
export class NetworkOverlapError extends ConflictError {}
