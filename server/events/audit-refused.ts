import { NotAllowedError } from '../errors.ts'
import { deedOf, type Use } from './deed-of.ts'

/** Runs `work`, of which the audit knows nothing; it does where this is refused since the person may not do it. */
export async function auditRefused<T>(use: Use, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof NotAllowedError) use.paas.events.refuse(deedOf(use))
    throw error
  }
}
