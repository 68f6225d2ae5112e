import type { Paas } from '../paas.ts'
import type { ConfigVars } from '../state/config.ts'

/** What the app's next release gets: the config vars that all apps share, and over them its own. */
export const mergedConfig = ({ store }: Pick<Paas, 'store'>, appId: string): ConfigVars => ({
  ...store.sharedConfig.all(),
  ...store.config.of(appId),
})
