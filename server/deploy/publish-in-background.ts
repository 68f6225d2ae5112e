import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'

/**
 * Publishes an app's routes, and to the apps that are linked to it, and waits for nobody; what cannot be written now is
 * written later by `follow`, and by the walls' watch.
 */
export function publishInBackground(paas: Paas, appId: string): void {
  paas.routes.publish(appId).catch((error: unknown) => {
    if (!paas.closing.aborted) paas.log(`Routes of ${appId}: ${describe(error)}`)
  })
  paas.walls.raise().catch((error: unknown) => {
    if (!paas.closing.aborted) paas.log(`Links to ${appId}: ${describe(error)}`)
  })
}
