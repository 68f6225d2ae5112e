import { UsageError } from '../errors.ts'
import type { Flags } from './flags.ts'

/** The value of `--num`, a whole number from 1. Throws `UsageError`. */
export function countOf(flags: Pick<Flags, 'value'>, otherwise: number): number {
  const count = Number(flags.value('num') ?? otherwise)
  if (Number.isInteger(count) && count >= 1) return count
  throw new UsageError('--num is not a whole number from 1', { next: `For instance: -n ${otherwise}` })
}
