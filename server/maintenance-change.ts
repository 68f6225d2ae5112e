import type { Call } from './command.ts'
import type { MaintenanceState } from './state/maintenance.ts'

/**
 * Changes how the app's visitors are kept waiting, and returns when every router does it. It does not wait for the
 * app's lock: maintenance has to begin in the middle of a deploy too. Throws `UnavailableError` where a router is down.
 */
export async function changeMaintenance(
  { paas, app, signal }: Call,
  change: Partial<MaintenanceState>,
): Promise<void> {
  await paas.routes.assertReady(signal)
  paas.store.maintenance.replace(app.id, { ...paas.store.maintenance.of(app.id), ...change })
  await paas.routes.publish(app.id)
}
