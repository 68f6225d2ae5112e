import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { type Link, releaseLink } from '../state/links.ts'
import type { Service } from '../state/services.ts'
import { releaseChange } from './configure.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { ensureNetwork } from './network.ts'

export type LinkRequest = Omit<DeployRequest, 'kind'> & {
  readonly service: Service
  /** False: the change waits for the next release. */
  readonly restart: boolean
}

/** Gives an app a user of its own in a service, as a release: if that fails, the user is dropped again. */
export async function link(
  paas: Paas,
  request: LinkRequest & { readonly alias: string | undefined },
): Promise<{ readonly link: Link; readonly version: number | undefined }> {
  return runDeploy(paas, { ...request, kind: 'link' }, async (deploy) => {
    const made = await makeLink(deploy, request.service, request.alias)
    const version = await releaseChange(deploy, {
      config: paas.store.config.of(deploy.app.id),
      links: [...paas.store.links.next(deploy.app.id), releaseLink(made)],
      restart: request.restart,
      description: `Link ${request.service.name} as ${made.alias}`,
      record: () => paas.provisioning.keep(made),
    })
    return { link: made, version }
  })
}

/**
 * A link that nothing names yet: it lasts from the deploy's switch on, if that calls `provisioning.keep`.
 * Throws `UserError` where the app has one to this service, or one of this alias.
 */
export async function makeLink(deploy: Deploy, service: Service, alias: string | undefined): Promise<Link> {
  const { paas, app } = deploy
  const links = readyLinks(paas, app)
  const made = await paas.provisioning.link({
    service,
    app,
    subnet: await ensureNetwork(paas, app),
    alias: freeAlias(paas, app, service, alias),
    primary: links.length === 0,
  })
  deploy.onUndo(() => paas.provisioning.undo(made))
  return made
}

const readyLinks = (paas: Paas, app: App): readonly Link[] =>
  paas.store.links.of(app.id).filter((each) => each.state === 'ready')

/**
 * The alias that a new link gets. Throws `UserError` where the app has one to this service, or one of this alias.
 */
export function freeAlias(paas: Paas, app: App, service: Service, alias: string | undefined): string {
  const links = readyLinks(paas, app)
  const known = links.find((each) => each.serviceId === service.id)
  if (known)
    throw new UserError(`${app.name} is linked to ${service.name} already, as ${known.alias}`, {
      next: `See its links: ${service.kind}:links ${app.name}`,
    })
  const named = alias === undefined ? aliasOf(service.name) : parseAlias(alias)
  if (links.some((each) => each.alias === named))
    throw new UserError(`${app.name} has a link with the alias ${named} already`, {
      next: `Choose another: ${service.kind}:link ${service.name} ${app.name} --as ALIAS`,
    })
  return named
}

/** Takes a service from an app, as a release. The app's user there is dropped once no container needs it. */
export async function unlink(paas: Paas, request: LinkRequest): Promise<number | undefined> {
  return runDeploy(paas, { ...request, kind: 'link' }, async (deploy) => {
    const { app } = deploy
    const gone = linkOf(paas, app, request.service)
    const rest = paas.store.links.next(app.id).filter((each) => each.id !== gone.id)
    const version = await releaseChange(deploy, {
      config: paas.store.config.of(app.id),
      links: gone.primary ? rest.map((each, index) => ({ ...each, primary: index === 0 })) : rest,
      restart: request.restart,
      description: `Unlink ${request.service.name}`,
      record: () => paas.provisioning.release(gone),
    })
    paas.provisioning.settle()
    return version
  })
}

/** Makes a link the one whose config vars come without a prefix, as a release. */
export async function promote(paas: Paas, request: LinkRequest): Promise<number | undefined> {
  return runDeploy(paas, { ...request, kind: 'link' }, async (deploy) => {
    const { app } = deploy
    const chosen = linkOf(paas, app, request.service)
    return releaseChange(deploy, {
      config: paas.store.config.of(app.id),
      links: paas.store.links.next(app.id).map((each) => ({ ...each, primary: each.id === chosen.id })),
      restart: request.restart,
      description: `Promote ${request.service.name}`,
      record: () => paas.store.links.setPrimary(app.id, chosen.id),
    })
  })
}

/** The app's link to the service. Throws `UserError` where there is none. */
export function linkOf(paas: Paas, app: App, service: Service): Link {
  const found = paas.store.links
    .of(app.id)
    .find((each) => each.serviceId === service.id && each.state === 'ready')
  if (found) return found
  throw new UserError(`${app.name} is not linked to ${service.name}`, {
    next: `See its links: ${service.kind}:links ${app.name}`,
  })
}

function parseAlias(alias: string): string {
  if (/^[A-Z][A-Z0-9_]{0,29}$/.test(alias)) return alias
  throw new UserError(`"${alias.slice(0, 60)}" cannot be an alias`, {
    next: 'Use upper-case letters, digits and underscores, the first a letter: BLUE gives BLUE_DATABASE_URL',
  })
}

/** `shop-2` -> `SHOP_2`; a config var's name cannot begin with a digit. */
const aliasOf = (name: string): string =>
  name
    .toUpperCase()
    .replaceAll('-', '_')
    .replace(/^(?=\d)/, 'DB_')
