import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { finishDestroy } from './finish-destroy.ts'

/** Takes an app away that was made for its first release alone, and did not come to it. Safe to repeat. */
export async function unmakeApp(paas: Paas, app: App, who: string): Promise<void> {
  paas.store.apps.setDestroying(app.id)
  await finishDestroy(paas, app)
  paas.events.record({ type: 'app-destroyed', app, who, message: `${app.name} is destroyed` })
}
