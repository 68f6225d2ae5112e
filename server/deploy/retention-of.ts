import type { Settings } from '../settings.ts'
import type { Retention } from '../state/apps.ts'

/** What is kept of an app's images: as it was set, and as the server's settings say where it was not. */
export function retentionOf(
  settings: Pick<Settings, 'keepReleases' | 'imageBudgetBytes'>,
  { keep, budgetBytes }: Retention,
): { readonly keep: number; readonly budgetBytes: number } {
  return { keep: keep ?? settings.keepReleases, budgetBytes: budgetBytes ?? settings.imageBudgetBytes }
}
