import { NoSuchAppError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { destroy } from './destroy.ts'

/** Removes an app that was being made: its own job may have been ended, and the app with it, before this has its turn. */
export async function destroyUnlessGone(paas: Paas, request: Parameters<typeof destroy>[1]): Promise<void> {
  try {
    await destroy(paas, request)
  } catch (error) {
    if (!(error instanceof NoSuchAppError)) throw error
  }
}
