import { join } from 'node:path'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'

/** Where the app's git repository lies. */
export const repositoryOf = (paas: Pick<Paas, 'settings'>, app: App): string =>
  join(paas.settings.home, 'repositories', `${app.id}.git`)
