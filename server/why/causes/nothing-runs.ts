import type { Cause } from '../cause.ts'

export default {
  order: 45,
  looksAt: 'whether a web process is wanted at all',
  look({ paas, app, release }) {
    if (!release || app.stopped) return []
    const { name } = app
    if (!Object.hasOwn(release.processes, 'web'))
      return [{ what: `v${release.version} has no web process: no page`, next: `ps ${name}` }]
    if ((paas.store.formations.of(app.id).web ?? 1) > 0) return []
    return [
      { what: `${name} is scaled to web=0; its domains answer with 503`, next: `ps:scale ${name} web=1` },
    ]
  },
} satisfies Cause
