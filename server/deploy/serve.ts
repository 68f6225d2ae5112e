import type { Release } from '../state/releases.ts'
import type { Deploy } from './deploy.ts'
import { installRelease } from './release.ts'
import { holdRelease, repositoryOf } from './repository.ts'
import { type Change, swap } from './swap.ts'
import { trimImagesInBackground } from './trim-images.ts'

/**
 * Swaps a drafted release in and makes it the app's current one, with its config and formation. A stopped app gets
 * the release and no containers.
 */
export async function serve(
  deploy: Deploy,
  release: Release,
  options: Partial<Pick<Change, 'record' | 'beforeSwitch' | 'afterSwitch' | 'replace'>> = {},
): Promise<void> {
  const { paas } = deploy
  paas.store.journal.setVersion(deploy.id, release.version)
  await deploy.step('released')
  await swap(deploy, {
    ...options,
    release,
    formation: deploy.app.stopped ? {} : release.formation,
    hold: () => holdRelease(repositoryOf(paas, deploy.app), release),
    record: () => {
      installRelease(paas, release)
      paas.store.releases.setTasks(release.appId, release.version, deploy.tasks)
      options.record?.()
    },
  })
  trimImagesInBackground(paas, deploy.app.id)
}
