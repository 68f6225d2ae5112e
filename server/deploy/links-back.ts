import { mayUse } from '../access.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { type AppLink, releaseAppLink } from '../state/app-links.ts'
import type { App } from '../state/apps.ts'
import type { LinkStanding, Standing } from '../state/last-changes.ts'
import type { User } from '../state/people.ts'
import type { ReleaseAppLink } from '../state/releases.ts'
import type { Deploy } from './deploy.ts'
import { makeAppLink, readyAppLinks } from './link-apps.ts'
import { prepareSandboxesSoon } from './prepare-sandboxes.ts'
import { removeLinksUnused } from './remove-links.ts'

/** The way back to the links that an app had. */
export type LinksBack = {
  /** What the app's next release names. */
  readonly next: readonly ReleaseAppLink[]
  /** Part of the switch's transaction. */
  record(): void
  /** Behind the switch. */
  finish(): Promise<void>
}

/** The links to apps that are still there, as a change found them. Changes of an earlier version of this server do not say. */
export const linksThen = ({ store }: Pick<Paas, 'store'>, before: Standing, now: Standing) =>
  (before.appLinks ?? now.appLinks ?? []).filter(
    ({ targetId }) => store.apps.exists(targetId) && !store.apps.byId(targetId).destroying,
  )

/** Throws `UserError` where a link would come back to an app that this person may not change. */
export function assertLinksPossible(
  { store }: Pick<Paas, 'store'>,
  { app, user, links }: { readonly app: App; readonly user: User; readonly links: readonly LinkStanding[] },
): void {
  const there = readyAppLinks({ store }, app)
  const refused = links.find(
    (link) =>
      !there.some((each) => isSame(each, link)) &&
      !mayUse(store, user, 'develop', store.apps.byId(link.targetId)),
  )
  if (refused)
    throw new UserError(`The link ${refused.alias} leads to an app that you may not change`, {
      next: 'Ask an admin of that app; undo is then theirs to type',
    })
}

/** Makes the links that are missing, and says which are there that were not. What it makes is undone with the deploy. */
export async function linksBack(deploy: Deploy, links: readonly LinkStanding[]): Promise<LinksBack> {
  const { paas, app } = deploy
  const { store } = paas
  const there = readyAppLinks(paas, app)
  const kept = there.filter((link) => links.some((each) => isSame(each, link)))
  const taken = there.filter((link) => !kept.includes(link))
  const back: AppLink[] = []
  for (const link of links.filter((each) => !kept.some((there) => isSame(there, each))))
    back.push(
      pendingRemoval(paas, app, link) ??
        (await makeAppLink(deploy, store.apps.byId(link.targetId), link.alias)),
    )
  return {
    next: [...kept, ...back].map(releaseAppLink),
    record() {
      for (const { id } of taken) store.appLinks.setState(id, 'removing')
      for (const { id } of back) store.appLinks.setState(id, 'ready')
    },
    async finish() {
      if (taken.length + back.length === 0) return
      await removeLinksUnused(paas, app.id)
      await paas.walls.raise()
      for (const { targetId } of back) prepareSandboxesSoon(paas, targetId)
    },
  }
}

/** A link that was taken away for the next release alone: the one that serves has it still. */
function pendingRemoval({ store }: Paas, app: App, link: LinkStanding): AppLink | undefined {
  const serving = app.release === null ? undefined : store.releases.find(app.id, app.release)
  return store.appLinks
    .of(app.id)
    .find(
      (each) =>
        each.state === 'removing' &&
        isSame(each, link) &&
        serving?.appLinks.some(({ id }) => id === each.id) === true,
    )
}

const isSame = (one: LinkStanding, other: LinkStanding): boolean =>
  one.targetId === other.targetId && one.alias === other.alias
