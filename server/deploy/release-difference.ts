import { existsSync } from 'node:fs'
import { countCommits } from '../git/commits.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { Release } from '../state/releases.ts'
import { repositoryOf } from './repository.ts'

/** Names alone: what they stand for may be a secret. */
export type NameDifference = {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

/** In what one release differs from another; never a config value. */
export type ReleaseDifference = {
  readonly from: number
  readonly to: number
  readonly image: { readonly from: string; readonly to: string } | null
  readonly commit: {
    readonly from: string | null
    readonly to: string | null
    /** Commits that come, and that go; null: the repository does not have both. */
    readonly added: number | null
    readonly removed: number | null
  } | null
  readonly config: NameDifference
  /** What all apps share. */
  readonly shared: NameDifference
  readonly processes: NameDifference
  readonly checks: NameDifference
  readonly cron: NameDifference
  readonly links: NameDifference
  readonly port: { readonly from: number; readonly to: number } | null
}

/** What changes where `to` serves in place of `from`; both of the same app. */
export async function releaseDifference(
  paas: Pick<Paas, 'settings'>,
  app: App,
  { from, to }: { readonly from: Release; readonly to: Release },
): Promise<ReleaseDifference> {
  return {
    from: from.version,
    to: to.version,
    image: from.image === to.image ? null : { from: from.image, to: to.image },
    commit: from.commit === to.commit ? null : await commitDifference(paas, app, from, to),
    config: nameDifference(from.config, to.config),
    shared: nameDifference(named(from.shared), named(to.shared)),
    processes: nameDifference(from.processes, to.processes),
    checks: nameDifference(from.checks, to.checks),
    cron: nameDifference(cronByCommand(from), cronByCommand(to)),
    links: nameDifference(linksByAlias(from), linksByAlias(to)),
    port: from.port === to.port ? null : { from: from.port, to: to.port },
  }
}

/** A line for each thing that differs: `config: + A, - B, ~ C`; empty where nothing does. */
export function differenceInWords(difference: ReleaseDifference): readonly string[] {
  const { image, commit, config, shared, processes, checks, cron, links, port } = difference
  const lines = [
    commit === null ? undefined : commitInWords(commit),
    image === null ? undefined : `image: ${shortImage(image.from)} -> ${shortImage(image.to)}`,
    namesInWords('config', config),
    namesInWords('shared config', shared),
    namesInWords('processes', processes),
    namesInWords('checks', checks),
    namesInWords('cron', cron),
    namesInWords('links', links),
    port === null ? undefined : `port: ${port.from} -> ${port.to}`,
  ]
  return lines.filter((line) => line !== undefined)
}

/** What of two sets of facts differs, by name. */
export function nameDifference(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
): NameDifference {
  const names = (facts: object): readonly string[] => Object.keys(facts).sort()
  return {
    added: names(to).filter((name) => !Object.hasOwn(from, name)),
    removed: names(from).filter((name) => !Object.hasOwn(to, name)),
    changed: names(to).filter(
      (name) => Object.hasOwn(from, name) && JSON.stringify(from[name]) !== JSON.stringify(to[name]),
    ),
  }
}

/** `config: + A, - B, ~ C`; undefined where nothing differs. */
export function namesInWords(what: string, { added, removed, changed }: NameDifference): string | undefined {
  const words = [
    ...added.map((name) => `+ ${name}`),
    ...removed.map((name) => `- ${name}`),
    ...changed.map((name) => `~ ${name}`),
  ]
  return words.length === 0 ? undefined : `${what}: ${words.join(', ')}`
}

async function commitDifference(
  paas: Pick<Paas, 'settings'>,
  app: App,
  from: Release,
  to: Release,
): Promise<NonNullable<ReleaseDifference['commit']>> {
  const repository = repositoryOf(paas, app)
  const commits = { from: from.commit, to: to.commit }
  if (from.commit === null || to.commit === null || !existsSync(repository))
    return { ...commits, added: null, removed: null }
  return {
    ...commits,
    added: await countCommits(repository, { of: to.commit, without: from.commit }),
    removed: await countCommits(repository, { of: from.commit, without: to.commit }),
  }
}

function commitInWords({ from, to, added, removed }: NonNullable<ReleaseDifference['commit']>): string {
  const counts = [
    ...(added ? [`${counted(added)} more`] : []),
    ...(removed ? [`${counted(removed)} fewer`] : []),
  ]
  const how = counts.length === 0 ? '' : ` (${counts.join(', ')})`
  return `commit: ${from?.slice(0, 8) ?? 'none'} -> ${to?.slice(0, 8) ?? 'none'}${how}`
}

const counted = (commits: number): string => `${commits} ${commits === 1 ? 'commit' : 'commits'}`

const shortImage = (image: string): string => image.replace('sha256:', '').slice(0, 12)

const linksByAlias = ({ links, appLinks }: Release): Readonly<Record<string, unknown>> =>
  Object.fromEntries([...links, ...appLinks].map(({ alias, ...link }) => [alias, link]))

const cronByCommand = ({ cron }: Release): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    cron.map(({ schedule, command, concurrency }) => [`${schedule} ${command}`, concurrency]),
  )

const named = (names: readonly string[]): Readonly<Record<string, true>> =>
  Object.fromEntries(names.map((name) => [name, true]))
