import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createRepository } from '../git/create-repository.ts'
import { noObject } from '../git/object-name.ts'
import { moveRef, resolve, setHead } from '../git/refs.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Release } from '../state/releases.ts'

/** Where the app's git repository lies. */
export const repositoryOf = (paas: Pick<Paas, 'settings'>, app: App): string =>
  join(paas.settings.home, 'repositories', `${app.id}.git`)

/** The app's repository, made where there is none yet. */
export async function ensureRepository(paas: Pick<Paas, 'settings'>, app: App): Promise<string> {
  const path = repositoryOf(paas, app)
  if (!existsSync(path)) {
    await createRepository(path)
    await setHead(path, app.deployBranch ?? 'main')
  }
  return path
}

/** Holds a detached deploy's commit until the branch moves; hidden from clients but named to the pusher. */
export const deployRef = (id: number): string => `refs/paas/deploys/${id}`

/**
 * Keeps a release's commit for as long as the release is, whatever becomes of the branch: after a push by force no
 * branch holds it. Hidden from clients. Safe to repeat.
 */
export async function holdRelease(repository: string, release: Release): Promise<void> {
  const { version, commit } = release
  if (commit === null) return
  try {
    await moveRef(repository, { ref: `refs/paas/releases/v${version}`, from: noObject, to: commit })
  } catch (error) {
    // An older release may have lost its commit before commits were held.
    if ((await resolve(repository, commit)) === commit) throw error
  }
}

/** Moves the branch to what serves, and lets a clone check it out. Safe to repeat. */
export async function moveDeployBranch(
  repository: string,
  branch: { readonly name: string; readonly from: string; readonly to: string },
): Promise<void> {
  await moveRef(repository, { ref: branch.name, from: branch.from, to: branch.to })
  await setHead(repository, branch.name.replace('refs/heads/', ''))
}
