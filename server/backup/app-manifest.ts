import { isWithinLimits, mostContainers } from '../autoscale/rule-limits.ts'
import type { Carried, CarriedRoutes, CarriedRule } from '../carried.ts'
import { parseKeep } from '../command-line/keep.ts'
import { parseLogSize } from '../command-line/log-size.ts'
import { drainAddress } from '../drains/drain-address.ts'
import { parseErrorPage } from '../error-page.ts'
import { UserError } from '../errors.ts'
import { parseMaintenancePage } from '../maintenance-page.ts'
import { mostRedirects, parseRedirectPath, parseRedirectTarget } from '../redirect.ts'
import { isObject } from '../source/is-object.ts'
import type { Builder } from '../state/apps.ts'
import type { Measure } from '../state/autoscale.ts'
import type { CheckSettings } from '../state/check-settings.ts'
import { type ConfigVars, parseConfigVars } from '../state/config.ts'
import type { Drain } from '../state/drains.ts'
import type { Formation } from '../state/releases.ts'
import type { ResourcesOfApp, Share } from '../state/resources.ts'
import { parseVolumeName } from '../state/storage.ts'
import type { Webhook } from '../state/webhooks.ts'
import { parseDirectory } from '../storage/mount-source.ts'
import { mostVisitors, parseVisitorName } from '../visitor-name.ts'
import { parseWebhookUrl } from '../webhooks/parse-webhook-url.ts'
import { parseWebhookEvents, webhookEvents } from '../webhooks/webhook-events.ts'

/** What an app's archive says of it, ahead of everything else. Config values stand in it as they are. */
export type AppManifest = {
  readonly format: 1
  readonly app: string
  readonly config: ConfigVars
  readonly formation: Formation
  readonly port: number | null
  readonly builder: Builder
  readonly resources: ResourcesOfApp
  readonly deployBranch: string | null
  readonly domains: readonly string[]
  /** Branches and tags, by full name. */
  readonly refs: Readonly<Record<string, string>>
  /** What served; null: nothing did. */
  readonly release: { readonly version: number; readonly commit: string | null } | null
  readonly volumes: readonly string[]
  readonly mounts: readonly {
    readonly volume: string
    readonly directory: string
    readonly process: string | null
  }[]
  /** The one whose config vars come without a prefix is the first. */
  readonly databases: readonly { readonly kind: string; readonly name: string; readonly alias: string }[]
  /** null: an earlier version of this server wrote it. */
  readonly settings: Carried | null
  /** Whom to tell of what; what their bodies are signed with is made anew. */
  readonly webhooks: readonly Pick<Webhook, 'url' | 'events' | 'allowPrivate'>[]
  /** Where copies of its log go. */
  readonly drains: readonly Pick<Drain, 'url' | 'allowPrivate'>[]
  /** Apps that it reaches, by their name. */
  readonly links: readonly { readonly app: string; readonly alias: string }[]
}

const most = {
  ...{ refs: 1_000, volumes: 50, databases: 20, domains: 200, processes: 50, quantity: 100 },
  ...{ webhooks: 10, drains: 5, links: 50 },
}

/** Throws `UserError` where a text is none, or holds what no app can have. */
export function parseAppManifest(text: string): AppManifest {
  const found = parsed(text)
  if (!isObject(found) || typeof found.app !== 'string' || typeof found.format !== 'number') throw notOurs()
  if (found.format !== 1) throw newer()
  const volumes = list(found.volumes, most.volumes, 'volumes').map((name) =>
    parseVolumeName(word(name, 'volumes')),
  )
  return {
    format: 1,
    app: found.app.slice(0, 60),
    config: parseConfigVars(
      record(found.config, 10_000, 'config', (value) => word(value, 'config', 1024 * 1024)),
    ),
    formation: byProcess(found.formation, 'formation', (value) =>
      integer(value, 0, most.quantity, 'formation'),
    ),
    port: optional(found.port, (value) => integer(value, 1, 65_535, 'port')),
    builder: builderOf(found.builder),
    resources: byProcess(found.resources, 'resources', (value) => ({
      limit: share(isObject(value) ? value.limit : undefined),
      reserve: share(isObject(value) ? value.reserve : undefined),
    })),
    deployBranch: optional(found.deployBranch, (value) => matching(value, branch, 'deployBranch')),
    domains: list(found.domains, most.domains, 'domains').map((host) => word(host, 'domains', 512)),
    refs: record(
      found.refs,
      most.refs,
      'refs',
      (value) => matching(value, object, 'refs'),
      /^refs\/(heads|tags)\/.+$/,
    ),
    release: optional(found.release, (value) => ({
      version: integer(isObject(value) ? value.version : undefined, 1, 1e9, 'release'),
      commit: optional(isObject(value) ? value.commit : undefined, (commit) =>
        matching(commit, object, 'release'),
      ),
    })),
    volumes,
    mounts: list(found.mounts, most.volumes * 4, 'mounts').map((mount) => mountOf(mount, volumes)),
    databases: list(found.databases, most.databases, 'databases').map((database) => ({
      kind: matching(isObject(database) ? database.kind : undefined, /^[a-z]{1,20}$/, 'databases'),
      name: matching(
        isObject(database) ? database.name : undefined,
        /^[a-z0-9][a-z0-9-]{0,30}$/,
        'databases',
      ),
      alias: matching(isObject(database) ? database.alias : undefined, /^[A-Z][A-Z0-9_]{0,29}$/, 'databases'),
    })),
    settings: optional(found.settings, settingsOf),
    webhooks: list(found.webhooks ?? [], most.webhooks, 'webhooks').map(webhookOf),
    drains: list(found.drains ?? [], most.drains, 'drains').map(drainOf),
    links: list(found.links ?? [], most.links, 'links').map((link) => ({
      app: matching(isObject(link) ? link.app : undefined, /^[a-z0-9-]{1,60}$/, 'links'),
      alias: matching(
        isObject(link) ? link.alias : undefined,
        /^(?=.{1,40}$)(?!DATABASE$)[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/,
        'links',
      ),
    })),
  }
}

function settingsOf(value: unknown): Carried {
  const { routes, redirects, visitors, maintenancePage, checks, ...rest } = isObject(value) ? value : {}
  const { retention, logBytes, onDisconnect, autoscale } = rest
  return {
    routes: routesOf(routes),
    redirects: redirectsOf(redirects),
    visitors: list(visitors, mostVisitors, 'visitors').map((name) =>
      parseVisitorName(word(name, 'visitors')),
    ),
    maintenancePage: optional(maintenancePage, (page) =>
      parseMaintenancePage(word(page, 'maintenance', 64 * 1024)),
    ),
    checks: checksOf(checks),
    retention: retentionOf(retention),
    logBytes: optional(logBytes, (bytes) => known(parseLogSize(String(bytes)), 'logs')),
    onDisconnect: onDisconnect === 'detach' ? 'detach' : 'cancel',
    autoscale: list(autoscale ?? [], most.processes, 'autoscale').map(ruleOf),
  }
}

function redirectsOf(value: unknown): Carried['redirects'] {
  const given = record(value, mostRedirects, 'redirects', (target) => word(target, 'redirects', 2_000))
  for (const [path, target] of Object.entries(given)) parseRedirectTarget(target, parseRedirectPath(path))
  return given
}

function routesOf(value: unknown): CarriedRoutes {
  const given = isObject(value) ? value : {}
  const isOn = (on: unknown): boolean => {
    if (typeof on === 'boolean') return on
    throw wrong('routes')
  }
  const number = (amount: unknown, from: number, to: number): number | null =>
    optional(amount, (figure) => integer(figure, from, to, 'routes'))
  return {
    redirect: isOn(given.redirect),
    bodyLimitBytes: number(given.bodyLimitBytes, 1, 1024 ** 4),
    timeLimitMs: number(given.timeLimitMs, 1_000, 86_400_000),
    rateLimit: number(given.rateLimit, 1, 10_000_000),
    sticky: isOn(given.sticky),
    gzip: isOn(given.gzip),
    errorPage: optional(given.errorPage, (page) => parseErrorPage(word(page, 'routes', 8 * 1024))),
  }
}

function checksOf(value: unknown): CheckSettings {
  const given = isObject(value) ? value : {}
  const number = (amount: unknown, to: number): number | null =>
    optional(amount, (figure) => integer(figure, 0, to, 'checks'))
  return {
    waitToRetireMs: number(given.waitToRetireMs, 3_600_000),
    waitMs: number(given.waitMs, 3_600_000),
    timeoutMs: number(given.timeoutMs, 3_600_000),
    attempts: number(given.attempts, 100),
    modes: byProcess(given.modes, 'checks', (mode) => {
      if (mode === 'enabled' || mode === 'skipped' || mode === 'disabled') return mode
      throw wrong('checks')
    }),
  }
}

function retentionOf(value: unknown): Carried['retention'] {
  const { keep, budgetBytes } = isObject(value) ? value : {}
  return {
    keep: optional(keep, (images) => known(parseKeep(String(images)), 'releases')),
    budgetBytes: optional(budgetBytes, (bytes) => integer(bytes, 0, Number.MAX_SAFE_INTEGER, 'releases')),
  }
}

function ruleOf(value: unknown): CarriedRule {
  const { process, least, most, measure, threshold } = isObject(value) ? value : {}
  const rule = {
    process: matching(process, processType, 'autoscale'),
    least: integer(least, 1, mostContainers, 'autoscale'),
    most: integer(most, 1, mostContainers, 'autoscale'),
    measure: matching(measure, /^(queue|p95|cpu)$/, 'autoscale') as Measure,
    threshold: integer(threshold, 1, 60_000, 'autoscale'),
  }
  if (isWithinLimits(rule)) return rule
  throw wrong('autoscale')
}

function webhookOf(value: unknown): AppManifest['webhooks'][number] {
  const { url, events, allowPrivate } = isObject(value) ? value : {}
  const types = list(events, webhookEvents.length, 'webhooks').map((type) => word(type, 'webhooks'))
  return {
    url: parseWebhookUrl(word(url, 'webhooks', 2_000)),
    events: parseWebhookEvents(types.join()),
    allowPrivate: allowPrivate === true,
  }
}

function drainOf(value: unknown): AppManifest['drains'][number] {
  const { url, allowPrivate } = isObject(value) ? value : {}
  const text = word(url, 'drains', 2_000)
  drainAddress(text)
  return { url: text, allowPrivate: allowPrivate === true }
}

const object = /^[0-9a-f]{40}$/
const branch = /^(?!.*(\.\.|@\{))[A-Za-z0-9_][\w./-]{0,200}$/
const processType = /^(\*|[A-Za-z0-9_-]{1,30})$/

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function builderOf(value: unknown): Builder {
  const { buildDir, dockerfilePath, selected } = isObject(value) ? value : {}
  const path = (given: unknown): string | null =>
    optional(given, (text) => matching(text, /^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[^\0-\x1f]{1,200}$/, 'builder'))
  return {
    buildDir: path(buildDir),
    dockerfilePath: path(dockerfilePath),
    selected: optional(selected, (name) => matching(name, /^[a-z]{1,30}$/, 'builder')),
  }
}

function mountOf(value: unknown, volumes: readonly string[]): AppManifest['mounts'][number] {
  const { volume, directory, process } = isObject(value) ? value : {}
  const name = word(volume, 'mounts')
  if (!volumes.includes(name)) throw wrong('mounts')
  return {
    volume: name,
    directory: parseDirectory(word(directory, 'mounts', 4_096)),
    process: optional(process, (type) => matching(type, processType, 'mounts')),
  }
}

function share(value: unknown): Share {
  const { cpus, memoryBytes } = isObject(value) ? value : {}
  const number = (given: unknown, from: number, to: number): number | null =>
    optional(given, (figure) => {
      if (typeof figure === 'number' && figure >= from && figure <= to) return figure
      throw wrong('resources')
    })
  return { cpus: number(cpus, 0.01, 1_024), memoryBytes: number(memoryBytes, 6 * 1024 ** 2, 1024 ** 4) }
}

const byProcess = <T>(
  value: unknown,
  what: string,
  read: (value: unknown) => T,
): Readonly<Record<string, T>> => record(value, most.processes, what, read, processType)

function record<T>(
  value: unknown,
  length: number,
  what: string,
  read: (value: unknown) => T,
  names: RegExp = /^/,
): Readonly<Record<string, T>> {
  if (!isObject(value)) throw wrong(what)
  const entries = Object.entries(value)
  if (entries.length > length || entries.some(([name]) => !names.test(name))) throw wrong(what)
  return Object.fromEntries(entries.map(([name, each]) => [name, read(each)]))
}

function list(value: unknown, length: number, what: string): readonly unknown[] {
  if (Array.isArray(value) && value.length <= length) return value
  throw wrong(what)
}

const optional = <T>(value: unknown, read: (value: unknown) => T): T | null =>
  value === null || value === undefined ? null : read(value)

function integer(value: unknown, from: number, to: number, what: string): number {
  if (Number.isInteger(value) && Number(value) >= from && Number(value) <= to) return Number(value)
  throw wrong(what)
}

function known<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value
  throw wrong(what)
}

function matching(value: unknown, pattern: RegExp, what: string): string {
  const text = word(value, what, 4_096)
  if (pattern.test(text)) return text
  throw wrong(what)
}

function word(value: unknown, what: string, longest = 100): string {
  if (typeof value === 'string' && value.length <= longest) return value
  throw wrong(what)
}

const next = 'Take one that apps:export wrote, as it came: ssh paas apps:export blog > blog.tar'

const notOurs = (): UserError => new UserError('The archive does not begin as that of an app does', { next })

const newer = (): UserError =>
  new UserError('The archive is of a newer version of this server, which this one cannot read', {
    next: 'Update this server, or export the app again from one of the same version',
  })

const wrong = (what: string): UserError =>
  new UserError(`The archive is refused: what it says of ${what} cannot be`, { next })
