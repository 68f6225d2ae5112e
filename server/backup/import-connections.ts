import { randomBytes } from 'node:crypto'
import { mayUse } from '../access.ts'
import type { Call } from '../command.ts'
import type { Deploy } from '../deploy/deploy.ts'
import { makeAppLink } from '../deploy/link-apps.ts'
import { prepareSandboxesSoon } from '../deploy/prepare-sandboxes.ts'
import { shownDrain } from '../drains/drain-address.ts'
import { findVisible } from '../resolve-app.ts'
import type { App } from '../state/apps.ts'
import type { Drain } from '../state/drains.ts'
import { shownUrl } from '../webhooks/shown-url.ts'
import type { AppManifest } from './app-manifest.ts'

/** What an imported app has to do with others. */
export type Connections = {
  /** By the shown address of a webhook, what it signs with. */
  readonly webhookSecrets: Readonly<Record<string, string>>
  /** What was left out, in words. */
  readonly left: readonly string[]
  /** To be called once the app is there. */
  begin(): Promise<void>
}

/** Gives an app that is being imported its webhooks, log drains and links, as far as this person may make them; all go with the app. */
export async function importConnections(
  call: Call,
  deploy: Deploy,
  manifest: AppManifest,
): Promise<Connections> {
  const webhooks = giveWebhooks(call, deploy.app, manifest.webhooks)
  const drains = giveDrains(call, deploy.app, manifest.drains)
  const links = await giveLinks(call, deploy, manifest.links)
  const { paas } = call
  return {
    webhookSecrets: webhooks.secrets,
    left: [...webhooks.left, ...drains.left, ...links.left],
    async begin() {
      for (const drain of drains.made) paas.drains.start(paas, drain)
      if (links.targets.length > 0) await paas.walls.raise()
      for (const target of links.targets) prepareSandboxesSoon(paas, target.id)
    },
  }
}

/** Only admins of the server have what is private told of things. */
const isPermitted = ({ user }: Call, { allowPrivate }: { readonly allowPrivate: boolean }): boolean =>
  !allowPrivate || user.role === 'admin'

function giveWebhooks(
  call: Call,
  app: App,
  wanted: AppManifest['webhooks'],
): { readonly secrets: Readonly<Record<string, string>>; readonly left: readonly string[] } {
  const { paas, user } = call
  const secrets: Record<string, string> = {}
  const left: string[] = []
  for (const { url, events, allowPrivate } of wanted) {
    const shown = shownUrl(url)
    if (!isPermitted(call, { allowPrivate })) {
      left.push(`webhook ${shown}`)
      continue
    }
    const secret = randomBytes(32).toString('hex')
    const { id } = paas.store.webhooks.add(
      { appId: app.id, url, secret, events, allowPrivate, createdBy: user.name },
      paas.events.lastSequence,
    )
    secrets[`${id} ${shown}`] = secret
  }
  return { secrets, left }
}

function giveDrains(
  call: Call,
  app: App,
  wanted: AppManifest['drains'],
): { readonly made: readonly Drain[]; readonly left: readonly string[] } {
  const permitted = wanted.filter((drain) => isPermitted(call, drain))
  return {
    made: permitted.map((drain) => call.paas.store.drains.add({ appId: app.id, ...drain })),
    left: wanted
      .filter((drain) => !permitted.includes(drain))
      .map(({ url }) => `log drain ${shownDrain(url)}`),
  }
}

/** To the apps that have that name here. */
async function giveLinks(
  { paas, user }: Call,
  deploy: Deploy,
  wanted: AppManifest['links'],
): Promise<{ readonly targets: readonly App[]; readonly left: readonly string[] }> {
  const targets: App[] = []
  const left: string[] = []
  const noWalls = wanted.length > 0 && (await paas.walls.missingForLinks()) !== undefined
  for (const { app: name, alias } of wanted) {
    const target = findVisible(paas.store, user, name)
    const isTaken = paas.store.appLinks.of(deploy.app.id).some((link) => link.alias === alias)
    if (!target || isTaken || noWalls || !mayUse(paas.store, user, 'develop', target)) {
      left.push(`link to ${name} (${alias})`)
      continue
    }
    const link = await makeAppLink(deploy, target, alias)
    // Its first release names it.
    paas.store.appLinks.setState(link.id, 'ready')
    targets.push(target)
  }
  return { targets, left }
}
