import { UserError } from '../errors.ts'
import type { App } from '../state/apps.ts'
import type { Release } from '../state/releases.ts'

/** Why nothing can be brought back from `release`, and what to push instead: its commit, where it had one. */
export function imageGone(app: App, { version, commit }: Release): UserError {
  const branch = app.deployBranch ?? 'main'
  return new UserError(`The image of v${version} is gone: it was older than the releases that are kept`, {
    next:
      commit === null
        ? `Push it again: git push paas:${app.name} ${branch}`
        : `Push that commit again: git push --force paas:${app.name} ${commit}:refs/heads/${branch}`,
  })
}
