import { mayClaim } from '../domain-holders.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { DeployKind } from '../state/journal.ts'
import type { LastChange, LinkStanding, Standing } from '../state/last-changes.ts'
import type { User } from '../state/people.ts'
import type { Formation, StoredRelease } from '../state/releases.ts'
import { type Deploy, type DeployRequest, runDeploy } from './deploy.ts'
import { imageGone } from './image-gone.ts'
import { assertLinksPossible, type LinksBack, linksBack, linksThen } from './links-back.ts'
import { quantitiesInWords } from './quantities-in-words.ts'
import { currentRelease, draftRelease, formationFor } from './release.ts'
import { differenceInWords, nameDifference, namesInWords, releaseDifference } from './release-difference.ts'
import { serve } from './serve.ts'
import { standingOf } from './standing.ts'
import { swap } from './swap.ts'
import { tasksInBetween } from './tasks-in-between.ts'

/** What `undo` takes back, and how. */
export type UndoPlan = {
  readonly change: LastChange
  readonly kind: DeployKind
  /** One line: `v7 (Set A) by ann, 2026-08-01T10:00:00Z` */
  readonly what: string
  /** What changes with it; never a config value. */
  readonly lines: readonly string[]
}

/**
 * Takes back the last change of config, quantities, domains, port, links to other apps or release of an app, as a change of its own: undone
 * once more, it is made again. Throws `UserError` where it can't be taken back.
 */
export async function undo(
  paas: Paas,
  request: Omit<DeployRequest, 'kind'>,
  user: User,
): Promise<UndoPlan & { readonly version: number | null }> {
  const planned = await planUndo(paas, paas.store.apps.byId(request.appId), user)
  return runDeploy(paas, { ...request, kind: planned.kind }, async (deploy) => {
    const { app, progress } = deploy
    const plan = await planUndo(paas, app, user)
    if (plan.change.deployId !== planned.change.deployId)
      throw new UserError(`${app.name} was changed meanwhile, by ${plan.change.who}`, {
        next: `See what undo would take back now: undo ${app.name} --plan`,
      })
    progress.step(`Taking back ${plan.what}`)
    for (const line of plan.lines) progress.detail(line)
    await restore(deploy, plan.change.before, user)
    return { ...plan, version: deploy.app.release }
  })
}

/** Throws as `undo` would. */
export async function planUndo(paas: Paas, app: App, user: User): Promise<UndoPlan> {
  const change = paas.store.lastChanges.of(app.id)
  if (!change)
    throw new UserError(`There is no change of ${app.name} to take back`, {
      next: `Its releases: releases ${app.name}`,
    })
  const { before } = change
  const now = standingOf(paas.store, app.id)
  const kind = kindOf(paas, before, now)
  if (kind === undefined)
    throw new UserError(`${app.name} stands as before its last change`, {
      next: `Its releases: releases ${app.name}`,
    })
  assertDomainsFree(paas, { app, user, ...before })
  assertLinksPossible(paas, { app, user, links: linksThen(paas, before, now) })
  const release = kind === 'rollback' ? await planRelease(paas, app, before) : undefined
  const subject = release?.what ?? subjectOf[kind] ?? kind
  return {
    change,
    kind,
    what: `${subject} by ${change.who}, ${change.at.slice(0, 19)}Z`,
    lines: [
      ...(release?.lines ?? linkLines(paas, before, now)),
      ...linesOf(before, now, release !== undefined),
    ],
  }
}

/** One change may change several of them: a push brings a release and its quantities. */
function kindOf(paas: Paas, before: Standing, now: Standing): DeployKind | undefined {
  if (before.release !== now.release) return 'rollback'
  if (JSON.stringify(before.formation) !== JSON.stringify(now.formation)) return 'scale'
  if (JSON.stringify(domainsOf(before)) !== JSON.stringify(domainsOf(now))) return 'domains'
  if (JSON.stringify(before.config) !== JSON.stringify(now.config)) return 'config'
  if (linkLines(paas, before, now).length > 0) return 'link'
  return undefined
}

const domainsOf = ({ domains, domainsSet }: Standing): unknown => ({ domains, domainsSet })

const subjectOf: Partial<Record<DeployKind, string>> = {
  scale: 'the scaling',
  domains: 'the change of domains',
  config: 'the pending change of config',
  link: 'the pending change of links',
}

async function planRelease(
  paas: Paas,
  app: App,
  before: Standing,
): Promise<{ readonly what: string; readonly lines: readonly string[] }> {
  const current = currentRelease(paas, app)
  const target = targetOf(paas, app, before)
  if (JSON.stringify(current.links) !== JSON.stringify(target.links))
    throw new UserError(`v${current.version} (${current.description}) changed a link to a database`, {
      next: `Take that back with mysql:unlink or mysql:link; its links: mysql:links ${app.name}`,
    })
  const difference = await releaseDifference(paas, app, { from: current, to: target })
  return {
    what: `v${current.version} (${current.description})`,
    lines: [
      `release: v${current.version} -> v${target.version} (${target.description})`,
      ...differenceInWords(difference),
      ...tasksInBetween(paas, target, current),
    ],
  }
}

function targetOf(paas: Paas, app: App, before: Standing): StoredRelease {
  const target = before.release === null ? undefined : paas.store.releases.find(app.id, before.release)
  if (!target)
    throw new UserError(`v${app.release} is the first release of ${app.name}: before it there was none`, {
      next: `Stop it: ps:stop ${app.name}`,
    })
  if (target.died)
    throw new UserError(
      `v${target.version} died within a minute of its swap, and the server went back from it`,
      {
        next: 'Correct the app and push again',
      },
    )
  if (target.imageGone) throw imageGone(app, target)
  return target
}

function linesOf(before: Standing, now: Standing, released: boolean): readonly string[] {
  const domains = (standing: Standing): Readonly<Record<string, true>> =>
    Object.fromEntries(standing.domains.map((host) => [host, true]))
  const lines = [
    quantitiesInWords(now.formation, before.formation),
    released ? undefined : namesInWords('config', nameDifference(now.config, before.config)),
    namesInWords('domains', nameDifference(domains(now), domains(before))),
    before.domainsSet || !now.domainsSet ? undefined : 'domains: the one by its name again',
  ]
  return lines.filter((line) => line !== undefined)
}

/** Without a release of its own: with one, it says so. */
function linkLines(paas: Paas, before: Standing, now: Standing): readonly string[] {
  const byAlias = (links: readonly LinkStanding[]): Readonly<Record<string, string>> =>
    Object.fromEntries(links.map(({ targetId, alias }) => [alias, targetId]))
  const then = byAlias(linksThen(paas, before, now))
  return [namesInWords('links', nameDifference(byAlias(now.appLinks ?? []), then))].flatMap(
    (line) => line ?? [],
  )
}

/** Domains that the app gave away may belong to another by now. */
function assertDomainsFree(
  paas: Paas,
  { app, user, domains }: Pick<Standing, 'domains'> & { readonly app: App; readonly user: User },
): void {
  const kept = paas.store.domains.of(app.id)
  const taken = domains.find((domain) => !kept.includes(domain) && !mayClaim(paas, { domain, app, user }))
  if (taken !== undefined)
    throw new UserError(`The domain ${taken} is taken meanwhile`, {
      next: `Set those that you want: domains:set ${app.name} DOMAIN`,
    })
}

async function restore(deploy: Deploy, before: Standing, user: User): Promise<void> {
  const { paas, app } = deploy
  const now = standingOf(paas.store, app.id)
  const links = await linksBack(deploy, linksThen(paas, before, now))
  const record = (): void => {
    links.record()
    assertDomainsFree(paas, { app, user, ...before })
    paas.store.config.replace(app.id, before.config)
    paas.store.apps.setPort(app.id, before.port)
    paas.store.apps.setDomainsSet(app.id, before.domainsSet)
    paas.store.domains.clear(app.id)
    for (const host of before.domains) paas.store.domains.add(app.id, host)
  }
  const kind = kindOf(paas, before, now)
  if (kind === 'rollback') await restoreRelease(deploy, before, { record, nextAppLinks: links.next })
  else if (kind === 'domains') await restoreDomains(deploy, record)
  else if (kind === 'scale') await restoreQuantities(deploy, before, record)
  else deploy.record(record)
  await deploy.finish('Links could not be settled yet', () => links.finish())
}

async function restoreRelease(
  deploy: Deploy,
  before: Standing,
  { record, nextAppLinks }: { readonly record: () => void; readonly nextAppLinks: LinksBack['next'] },
): Promise<void> {
  const { paas, app } = deploy
  const target = targetOf(paas, app, before)
  const current = currentRelease(paas, app)
  const release = await draftRelease(
    paas,
    { ...app, port: before.port },
    {
      ...target,
      nextAppLinks,
      formation: { ...formationFor(paas, app, target.processes), ...typesOf(target, before.formation) },
      description: `Undo v${current.version}: as v${target.version}`,
      createdBy: deploy.request.who,
    },
  )
  await serve(deploy, release, { record })
}

async function restoreQuantities(deploy: Deploy, before: Standing, record: () => void): Promise<void> {
  const { paas, app } = deploy
  const change = (): void => {
    record()
    paas.store.formations.replace(app.id, before.formation)
  }
  if (app.release === null) return deploy.record(change)
  const release = currentRelease(paas, app)
  const formation = typesOf(release, before.formation)
  await swap(deploy, { release, formation: app.stopped ? {} : formation, record: change })
}

async function restoreDomains(deploy: Deploy, record: () => void): Promise<void> {
  const { paas, app } = deploy
  await paas.routes.assertReady()
  await deploy.switch(record)
  await deploy.finish('Routes could not be updated', () => paas.routes.publish(app.id))
}

const typesOf = ({ processes }: StoredRelease | { processes: object }, formation: Formation): Formation =>
  Object.fromEntries(Object.entries(formation).filter(([type]) => Object.hasOwn(processes, type)))
