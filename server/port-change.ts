import type { Call } from './command.ts'
import { restart } from './deploy/restart.ts'
import { changeLine, releaseLine } from './plan.ts'

/** Makes `port` the one that the app listens on (null: the one by rule), as a release, and says so. */
export async function changePort({ paas, app, out, job, planned }: Call, port: number | null): Promise<void> {
  planned(() => [changeLine('port', app.port, port), releaseLine(paas, app, { restart: true })])
  const version = app.release === null ? undefined : await restart(paas, { ...job, process: undefined, port })
  if (version === undefined) paas.store.apps.setPort(app.id, port)
  out.result({ app: app.name, port, release: version ? `v${version}` : null }, () =>
    out.step(
      `${app.name} listens on ${port ?? 'the port by rule'}${version ? `; v${version} serves` : '; it counts from the first deploy on'}`,
    ),
  )
}
