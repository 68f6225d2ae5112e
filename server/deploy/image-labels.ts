import type { Deploy } from './deploy.ts'

/** What Docker knows of an image that a deploy makes: whose it is, and which deploy discards it where it is undone. */
export const imageLabels = ({ id, paas, app }: Deploy): Record<string, string> => ({
  'paas.instance': paas.store.instanceId,
  'paas.app': app.name,
  'paas.app-id': app.id,
  'paas.deploy': String(id),
})
