import { randomBytes } from 'node:crypto'
import type { Checks } from '../checks/check.ts'
import { NotFoundError } from '../docker/engine-errors.ts'
import type { Image } from '../docker/images.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { imageHealthcheck } from '../source/image-healthcheck.ts'
import type { App } from '../state/apps.ts'
import { type ConfigVars, environmentIn } from '../state/config.ts'
import type { Formation, Processes, Release, ReleaseAppLink, ReleaseLink } from '../state/releases.ts'

const defaultPort = 5000

export type Draft = {
  readonly image: string
  readonly commit: string | null
  readonly config: ConfigVars
  /** undefined: the image's own command is `web`. */
  readonly processes: Processes | undefined
  /** A HEALTHCHECK of the image counts for `web` where these have none. */
  readonly checks: Checks
  readonly cron: Release['cron']
  readonly formation: Formation
  /** Default: the app's links as they stand now. Never an older release's: their users may be gone. */
  readonly nextLinks?: readonly ReleaseLink[]
  /** Default: the app's links to others as they stand now. */
  readonly nextAppLinks?: readonly ReleaseAppLink[]
  readonly description: string
  readonly createdBy: string
}

/** The app's next release, not stored yet. Throws `UserError` where its image is gone or config PORT is no port. */
export async function draftRelease(paas: Paas, app: App, draft: Draft): Promise<Release> {
  const image = await imageOf(paas, app, draft.image)
  return {
    appId: app.id,
    version: paas.store.releases.nextVersion(app.id),
    image: draft.image,
    commit: draft.commit,
    config: draft.config,
    shared: paas.store.sharedConfig.names(),
    links: draft.nextLinks ?? paas.store.links.next(app.id),
    appLinks: draft.nextAppLinks ?? paas.store.appLinks.next(app.id),
    processes: draft.processes ?? { web: null },
    checks: withHealthcheck(draft.checks, image),
    cron: draft.cron,
    formation: draft.formation,
    port: app.port ?? configPort(draft.config) ?? image.exposedPorts[0] ?? defaultPort,
    entrypoint: image.entrypoint.length > 0,
    description: draft.description,
    createdBy: draft.createdBy,
    createdAt: new Date().toISOString(),
  }
}

async function imageOf(paas: Paas, app: App, id: string): Promise<Image> {
  try {
    return await paas.engine.images.inspect(id)
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new UserError('Docker no longer has the image of that release: somebody else removed it', {
      next: `Push the app again: git push paas:${app.name} ${app.deployBranch ?? 'main'}`,
      cause: error,
    })
  }
}

const withHealthcheck = (checks: Checks, { healthcheck }: Image): Checks =>
  healthcheck && !Object.hasOwn(checks, 'web') ? { ...checks, web: [imageHealthcheck(healthcheck)] } : checks

/** The release that serves. Throws `UserError` where the app has none yet. */
export function currentRelease(paas: Paas, app: App): Release {
  const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
  if (release) return release
  throw new UserError(`${app.name} has no release yet`, { next: `Push one: git push paas:${app.name} main` })
}

/** Throws `UserError` unless containers of this process type can run. */
export function assertProcess(app: App, release: Release, process: string): void {
  if (process === 'release')
    throw new UserError('The process type "release" runs once in each deploy and is not scaled')
  if (Object.hasOwn(release.processes, process)) return
  throw new UserError(`${app.name} has no process type "${process.slice(0, 40)}"`, {
    next: `Its process types: ${Object.keys(release.processes).join(', ')}; add others to the Procfile`,
  })
}

/** Today's quantities, with `web` at 1 and every other new process type at 0, or as `first` says. */
export function formationFor(paas: Paas, app: App, processes: Processes, first: Formation = {}): Formation {
  const today = paas.store.formations.of(app.id)
  const types = Object.keys(processes).filter((process) => process !== 'release')
  return Object.fromEntries(
    types.map((process) => [
      process,
      own(today, process) ?? own(first, process) ?? (process === 'web' ? 1 : 0),
    ]),
  )
}

/** A process type may be called `constructor`. */
const own = (formation: Formation, process: string): number | undefined =>
  Object.hasOwn(formation, process) ? formation[process] : undefined

/** Stores `release` as the one that serves; part of the switch's transaction. */
export function installRelease(paas: Paas, release: Release): void {
  paas.store.releases.add(release)
  paas.store.apps.setRelease(release.appId, release.version)
  paas.store.config.replace(release.appId, release.config)
  paas.store.formations.replace(release.appId, release.formation)
}

/** A tag that nobody can guess, so that no Dockerfile of another app can name the image. */
export const imageTag = (paas: Paas, app: App): string =>
  `paas-${paas.store.instanceId}/${app.id}:${randomBytes(16).toString('hex')}`

function configPort(config: ConfigVars): number | undefined {
  const { PORT: text } = environmentIn(config)
  if (text === undefined) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) {
    throw new UserError('The config var PORT is not a port from 1 to 65535', { next: 'config:set PORT=5000' })
  }
  return port
}
