import type { Call } from './command.ts'

/**
 * Changes how the router treats the app's requests, and returns when every router does it. It does not wait for the
 * app's lock: no container is touched. Throws `UnavailableError` where a router is down, and then nothing is changed.
 */
export async function changeRoute({ paas, app, signal }: Call, change: () => void): Promise<void> {
  await paas.routes.assertReady(signal)
  change()
  await paas.routes.publish(app.id)
}
