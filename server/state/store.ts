import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Acme } from './acme.ts'
import { AppLinks } from './app-links.ts'
import { AppLocks } from './app-locks.ts'
import { Apps } from './apps.ts'
import { AutoscaleRules } from './autoscale.ts'
import { BackupSchedules } from './backup-schedules.ts'
import { Certificates } from './certificates.ts'
import { ChecksOfApps } from './check-settings.ts'
import { openCipher } from './cipher.ts'
import { Config } from './config.ts'
import { Containers } from './containers.ts'
import { Cron } from './cron.ts'
import { Database } from './database.ts'
import { Domains } from './domains.ts'
import { Drains } from './drains.ts'
import { Exposures } from './exposures.ts'
import { Formations } from './formations.ts'
import { randomName } from './identifiers.ts'
import { Journal } from './journal.ts'
import { LastChanges } from './last-changes.ts'
import { Links } from './links.ts'
import { Maintenance } from './maintenance.ts'
import { MasterKey } from './master-key.ts'
import { People } from './people.ts'
import { Redirects } from './redirects.ts'
import { Releases } from './releases.ts'
import { Resources } from './resources.ts'
import { RouteSettingsOfApps } from './route-settings.ts'
import { Services } from './services.ts'
import { SharedConfig } from './shared-config.ts'
import { Storage } from './storage.ts'
import { Tokens } from './tokens.ts'
import { Visitors } from './visitors.ts'
import { Webhooks } from './webhooks.ts'

/** Owner of what should be: everything that must outlive the process, in `$PAAS_HOME/state.db`. */
export class Store {
  /** In every name and label that we make, so that instances on one machine never touch each other's. */
  readonly instanceId: string
  readonly acme: Acme
  readonly appLinks: AppLinks
  readonly appLocks: AppLocks
  readonly apps: Apps
  readonly autoscale: AutoscaleRules
  readonly backupSchedules: BackupSchedules
  readonly certificates: Certificates
  readonly checkSettings: ChecksOfApps
  readonly config: Config
  readonly containers: Containers
  readonly cron: Cron
  readonly domains: Domains
  readonly drains: Drains
  readonly exposures: Exposures
  readonly formations: Formations
  readonly journal: Journal
  readonly lastChanges: LastChanges
  readonly links: Links
  readonly maintenance: Maintenance
  readonly masterKey: MasterKey
  readonly people: People
  readonly redirects: Redirects
  readonly releases: Releases
  readonly resources: Resources
  readonly routeSettings: RouteSettingsOfApps
  readonly services: Services
  readonly sharedConfig: SharedConfig
  readonly storage: Storage
  readonly tokens: Tokens
  readonly visitors: Visitors
  readonly webhooks: Webhooks
  readonly #database: Database

  /** Throws `UserError` where another server holds the store or the master key is gone. */
  constructor(home: string) {
    const file = join(home, 'state.db')
    const path = join(home, 'master.key')
    const cipher = openCipher(path, !existsSync(file))
    const database = new Database(file)
    this.#database = database
    try {
      this.masterKey = new MasterKey({ database, cipher, path })
    } catch (error) {
      database.close()
      throw error
    }
    this.acme = new Acme(database, cipher)
    this.appLinks = new AppLinks(database)
    this.appLocks = new AppLocks(database)
    this.apps = new Apps(database)
    this.autoscale = new AutoscaleRules(database)
    this.backupSchedules = new BackupSchedules(database)
    this.certificates = new Certificates(database, cipher)
    this.checkSettings = new ChecksOfApps(database)
    this.config = new Config(database, cipher)
    this.containers = new Containers(database)
    this.cron = new Cron(database)
    this.domains = new Domains(database)
    this.drains = new Drains(database, cipher)
    this.exposures = new Exposures(database, cipher)
    this.formations = new Formations(database)
    this.journal = new Journal(database)
    this.lastChanges = new LastChanges(database, cipher)
    this.links = new Links(database, cipher)
    this.maintenance = new Maintenance(database)
    this.people = new People(database)
    this.redirects = new Redirects(database)
    this.releases = new Releases(database, cipher)
    this.resources = new Resources(database)
    this.routeSettings = new RouteSettingsOfApps(database)
    this.services = new Services(database, cipher)
    this.sharedConfig = new SharedConfig(database, cipher)
    this.storage = new Storage(database)
    this.tokens = new Tokens(database)
    this.visitors = new Visitors(database)
    this.webhooks = new Webhooks(database, cipher)
    this.instanceId = instanceId(database)
  }

  /** Numbers of the changes that its schema has seen. */
  get migrations(): readonly number[] {
    return this.#database.migrations
  }

  /** Writes all of it, as it is now, into a new file; secrets stay sealed. */
  copyTo(path: string): void {
    this.#database.copyTo(path)
  }

  /** All of `work` lasts, or none of it. */
  transaction<T>(work: () => T): T {
    return this.#database.transaction(work)
  }

  close(): void {
    this.#database.close()
  }
}

function instanceId(database: Database): string {
  const known = database.get('SELECT id FROM instance')
  if (known) return String(known.id)
  const id = randomName(8)
  database.run('INSERT INTO instance (id, created_at) VALUES (?, ?)', id, new Date().toISOString())
  return id
}
