import type { Call } from '../command.ts'

/** Says what a change of links has come to: a release, or something that waits for one. */
export function sayLinkChange(call: Call, what: string, version: number | undefined): void {
  const { out, app } = call
  out.result({ app: app.name, release: version ? `v${version}` : null }, () => {
    if (version) out.step(`${what}; v${version} ${app.stopped ? 'is stored' : 'serves'}`)
    else if (app.release === null) out.step(`${what}; it counts from the first deploy on`)
    else out.step(`${what}; pending until the next release`)
  })
}
