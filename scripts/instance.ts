import { join } from 'node:path'
import { execa } from 'execa'
import { readSettings, type Settings } from '../server/settings.ts'
import { type Identities, identities } from './identity.ts'
import { type Layout, layout } from './layout.ts'
import { type Part, parts } from './parts.ts'

export type Instance = {
  readonly settings: Settings
  readonly places: Layout
  readonly users: Identities
  readonly parts: readonly Part[]
}

/** The checkout that this file is in. */
export const checkout = join(import.meta.dirname, '..')

/** The instance that `.env` and the environment describe. Throws `UserError` where a setting is wrong. */
export async function instance(settings: Settings = readSettings()): Promise<Instance> {
  const places = layout(settings.home)
  const users = await identities(settings)
  const othersReachCheckout = await reachesCheckout(users.router)
  return {
    settings,
    places,
    users,
    parts: parts(settings, { places, users, checkout, othersReachCheckout }),
  }
}

async function reachesCheckout(router: Identities['router']): Promise<boolean> {
  if (!router) return true
  const as = ['--reuid', `${router.uid}`, '--regid', `${router.gid}`, '--clear-groups']
  const { failed } = await execa({ reject: false })('setpriv', [
    ...as,
    'test',
    '-r',
    join(checkout, 'package.json'),
  ])
  return !failed
}
