import type { AutoscaleRule } from '../state/autoscale.ts'
import { measureInWords } from './measure-in-words.ts'

/** How many a process type should have from now on, and why. */
export type Step = { readonly quantity: number; readonly reason: string }

/** So long after a step more are started, where more are needed still. */
const upAfterMs = 60_000

/** So long after a step one is taken away: those that were started have had the load for a while. */
const downAfterMs = 300_000

/**
 * The step that `rule` asks for; undefined: none, or not yet. Up to what would bring the measure to its threshold (for
 * p95, which says nothing of how many are missing, one more), down by one where the measure is below half of it. What
 * people have scaled to 0 stays so.
 * @param measured null where nothing was asked
 */
export function decide(
  rule: AutoscaleRule,
  quantity: number,
  measured: number | null,
  now: Date,
): Step | undefined {
  const { least, most, threshold, measure, steppedAt } = rule
  if (quantity === 0) return undefined
  if (quantity < least) return { quantity: least, reason: `it is to have ${least} at least` }
  if (quantity > most) return { quantity: most, reason: `it is to have ${most} at most` }
  const sinceMs = steppedAt === null ? Number.POSITIVE_INFINITY : now.getTime() - Date.parse(steppedAt)
  const value = measured ?? 0
  if (value > threshold && quantity < most && sinceMs >= upAfterMs) {
    const needed = measure === 'p95' ? quantity + 1 : Math.ceil((quantity * value) / threshold)
    return {
      quantity: Math.min(most, needed),
      reason: `${measureInWords(measure, value)}, more than ${threshold}`,
    }
  }
  if (value < threshold / 2 && quantity > least && sinceMs >= downAfterMs)
    return {
      quantity: quantity - 1,
      reason: `${measureInWords(measure, value)}, less than half of ${threshold}`,
    }
  return undefined
}
