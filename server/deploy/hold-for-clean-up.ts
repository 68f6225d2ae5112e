import type { Paas } from '../paas.ts'

/** Waits for the app and holds it until disposed, for what the server does behind all commands, until it closes. */
export const holdForCleanUp = (paas: Paas, appId: string): Promise<Disposable> =>
  paas.locks.hold(appId, { who: 'paas', what: 'clean-up', onWait: () => {}, signal: paas.closing })
