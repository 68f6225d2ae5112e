import { join } from 'node:path'
import { moveRef, setHead } from '../git/git.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'

/** Where the app's git repository lies. */
export const repositoryOf = (paas: Pick<Paas, 'settings'>, app: App): string =>
  join(paas.settings.home, 'repositories', `${app.id}.git`)

/** Holds a detached deploy's commit until the branch moves; hidden from clients but named to the pusher. */
export const deployRef = (id: number): string => `refs/paas/deploys/${id}`

/** Moves the branch to what serves, and lets a clone check it out. Safe to repeat. */
export async function moveDeployBranch(
  repository: string,
  branch: { readonly name: string; readonly from: string; readonly to: string },
): Promise<void> {
  await moveRef(repository, { ref: branch.name, from: branch.from, to: branch.to })
  await setHead(repository, branch.name.replace('refs/heads/', ''))
}
