import { NotFoundError } from '../docker/engine-errors.ts'
import { UnavailableError, UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { type AppLink, releaseAppLink } from '../state/app-links.ts'
import type { App } from '../state/apps.ts'
import type { Container } from '../state/containers.ts'
import { releaseChange } from './configure.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { ensureLinkNetwork, joining, linkEnds } from './link-network.ts'
import { prepareSandboxesSoon } from './prepare-sandboxes.ts'
import { removeLink, removeLinksUnused } from './remove-links.ts'

type Request = Omit<DeployRequest, 'kind'> & {
  /** False: the change waits for the next release. */
  readonly restart: boolean
}

/**
 * Lets an app reach the web processes of another by a name of its own, as a release: if that fails, there is no link.
 * The other app's containers are not replaced.
 */
export async function linkApps(
  paas: Paas,
  request: Request & { readonly target: App; readonly alias: string | undefined },
): Promise<{ readonly link: AppLink; readonly version: number | undefined }> {
  return runDeploy(paas, { ...request, kind: 'link' }, async (deploy) => {
    const { app } = deploy
    const target = paas.store.apps.byId(request.target.id)
    const alias = freeLinkAlias(paas, app, target, request.alias)
    const link = await makeAppLink(deploy, target, alias)
    const version = await releaseChange(deploy, {
      config: paas.store.config.of(app.id),
      appLinks: [...paas.store.appLinks.next(app.id), releaseAppLink(link)],
      restart: request.restart,
      description: `Link ${target.name} as ${alias}`,
      record: () => paas.store.appLinks.setState(link.id, 'ready'),
    })
    await paas.walls.raise()
    // The sandboxes that wait for its next release are not in the link's network.
    prepareSandboxesSoon(paas, target.id)
    return { link, version }
  })
}

/** The link with its network, which the target's containers are in; in the state `creating`. It is undone with the deploy. */
export async function makeAppLink(deploy: Deploy, target: App, alias: string): Promise<AppLink> {
  const { paas, app } = deploy
  await assertWalls(paas)
  const link = paas.store.appLinks.add({ appId: app.id, targetId: target.id, alias })
  deploy.onUndo(() => removeLink(paas, link), { laterToo: true })
  await ensureLinkNetwork(paas, link)
  await joinLinks(paas, target.id, paas.store.containers.of(target.id, 'live'))
  return link
}

/** Takes a link from an app, as a release; its network goes once no container needs it. */
export async function unlinkApps(
  paas: Paas,
  request: Request & { readonly link: AppLink; readonly name: string },
): Promise<number | undefined> {
  return runDeploy(paas, { ...request, kind: 'link' }, async (deploy) => {
    const { app } = deploy
    const version = await releaseChange(deploy, {
      config: paas.store.config.of(app.id),
      appLinks: paas.store.appLinks.next(app.id).filter(({ id }) => id !== request.link.id),
      restart: request.restart,
      description: `Unlink ${request.name}`,
      record: () => paas.store.appLinks.setState(request.link.id, 'removing'),
    })
    await removeLinksUnused(paas, app.id)
    return version
  })
}

/** Puts web containers of an app into the networks of the links to it, where they are not in there. */
export async function joinLinks(
  paas: Paas,
  appId: string,
  containers: readonly Pick<Container, 'process' | 'sandbox' | 'address'>[],
): Promise<void> {
  for (const { process, sandbox, address } of containers) {
    const { to } = linkEnds(paas, { appId, process, named: [] })
    for (const network of joining({ from: [], to }, address).joins ?? []) {
      try {
        await paas.engine.networks.join(network.name, sandbox, network.address)
      } catch (error) {
        // It is going, or its deploy is still making it and looks again before its switch.
        if (!(error instanceof NotFoundError)) throw error
      }
    }
  }
}

/** What lets a link's connections through, and nothing else, are the walls. */
async function assertWalls(paas: Paas): Promise<void> {
  const missing = await paas.walls.missingForLinks()
  if (missing === undefined) return
  throw new UnavailableError(`Links need the walls around apps, and they do not stand: ${missing.saw}`, {
    next: 'See what helps: doctor',
  })
}

/** Those of an app that its next release names. */
export const readyAppLinks = ({ store }: Pick<Paas, 'store'>, app: App): readonly AppLink[] =>
  store.appLinks.of(app.id).filter(({ state }) => state === 'ready')

/** The alias that a new link gets. Throws `UserError` where the app has one to this app, or one of this alias. */
export function freeLinkAlias(paas: Paas, app: App, target: App, alias: string | undefined): string {
  if (app.id === target.id)
    throw new UserError('An app reaches itself without a link', {
      next: `Name another: links:add ${app.name} OTHER`,
    })
  const links = readyAppLinks(paas, app)
  const known = links.find(({ targetId }) => targetId === target.id)
  if (known)
    throw new UserError(`${app.name} is linked to ${target.name} already, as ${known.alias}`, {
      next: `See its links: links ${app.name}`,
    })
  const named = alias === undefined ? aliasOf(target.name) : parseAlias(alias)
  if (named === 'DATABASE' || links.some((each) => each.alias === named))
    throw new UserError(`${named}_URL is something else's already`, {
      next: `Choose another name: links:add ${app.name} ${target.name} --as ALIAS`,
    })
  return named
}

function parseAlias(alias: string): string {
  if (/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(alias) && alias.length <= 31) return alias
  throw new UserError(`"${alias.slice(0, 60)}" cannot be an alias`, {
    next: 'Use upper-case letters, digits and single underscores between them: API gives API_URL and api.internal',
  })
}

/** `shop-2` -> `SHOP_2`; a config var's name cannot begin with a digit. */
const aliasOf = (name: string): string =>
  name
    .toUpperCase()
    .split('-')
    .filter(Boolean)
    .join('_')
    .replace(/^(?=\d)/, 'APP_')
