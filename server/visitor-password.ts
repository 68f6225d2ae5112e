import { randomBytes } from 'node:crypto'

/** A new password of a visitor, which nobody guesses. */
export const visitorPassword = (): string => randomBytes(18).toString('base64url')
