import type { Formation, Release } from '../state/releases.ts'
import type { Deploy } from './deploy.ts'
import { draftRelease } from './release.ts'
import { serve } from './serve.ts'
import type { Change } from './swap.ts'

/** Image, config and checks of an older release serve again, as a new release; returns that. */
export async function serveAgain(
  deploy: Deploy,
  target: Release,
  {
    formation,
    description,
    record,
  }: { formation: Formation; description: string } & Partial<Pick<Change, 'record'>>,
): Promise<Release> {
  const { paas, app } = deploy
  const release = await draftRelease(paas, app, {
    ...target,
    formation,
    description,
    createdBy: deploy.request.who,
  })
  await serve(deploy, release, record ? { record } : {})
  return release
}
