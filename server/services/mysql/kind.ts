import { rm } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import type { Exposure } from '../../state/exposures.ts'
import type { Link } from '../../state/links.ts'
import type { Service } from '../../state/services.ts'
import { backupFolder } from '../backups.ts'
import type { KindOptions, ServiceKind } from '../service-kind.ts'
import { anywhere } from '../source-network.ts'
import { type Account, asAdmin, asUser, locate, type Server, type Session } from './connection.ts'
import { dump, restore } from './dump.ts'
import { empty } from './empty.ts'
import { closeGate } from './gate.ts'
import { routines } from './routines.ts'
import { shell } from './shell.ts'

/** One client must not use up the server's connections. */
const mostConnections = 30

/** Databases on the MySQL server at MYSQL_URL, or on the one that the instance runs itself. */
export function open(options: KindOptions): ServiceKind {
  const { home, url, image, instanceId, log } = options
  const server = locate(home, url, image)
  return {
    title: 'MySQL database',
    addons: ['mysql', 'mariadb', 'jawsdb', 'jawsdb-maria', 'cleardb', 'heroku-mysql', 'dokku-mysql'],
    // No `_` or `%`: in GRANT they are wildcards and would open other databases.
    names: (serviceId) => ({
      database: `paas${instanceId}${serviceId}`,
      user: `s${instanceId}${serviceId}`,
    }),
    linkUser: (linkId) => `u${instanceId}${linkId}`,

    reach: () => asAdmin(server, async () => {}),
    create: (service) =>
      asAdmin(server, async (admin) => {
        await admin.run(
          `CREATE DATABASE IF NOT EXISTS ${admin.name(service.database)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
        )
        await letIn(admin, service.database, { ...service, from: ownHost(server) })
      }),
    destroy: (service) =>
      asAdmin(server, async (admin) => {
        await admin.run(`DROP USER IF EXISTS ${account(admin, service.user, ownHost(server))}`)
        await admin.run(`DROP DATABASE IF EXISTS ${admin.name(service.database)}`)
        await rm(backupFolder(home, service.id), { recursive: true, force: true })
      }),
    empty: (service) => asAdmin(server, (admin) => empty(admin, service.database)),
    grant: (service, link) =>
      asAdmin(server, (admin) => letIn(admin, service.database, { ...link, from: linkHost(server, link) })),
    revoke: (link) =>
      asAdmin(server, async (admin) => {
        await admin.run(`DROP USER IF EXISTS ${account(admin, link.user, linkHost(server, link))}`)
      }),
    exposureUser: (exposureId) => `x${instanceId}${exposureId}`,
    async expose(service, exposure) {
      if (!server.embedded) throw notOurs(service)
      await asAdmin(server, (admin) =>
        letIn(admin, service.database, { ...exposure, from: outsideHost(exposure) }),
      )
    },
    conceal: (exposure) =>
      asAdmin(server, async (admin) => {
        await admin.run(`DROP USER IF EXISTS ${account(admin, exposure.user, outsideHost(exposure))}`)
      }),
    exposedUrl: ({ database }, { user, password }, host) =>
      urlOf({ host, port: server.host().port }, { user, password, database }),
    async admit(links, exposures) {
      if (!server.embedded) return
      await closeGate({ home, instanceId, port: server.host().port, log }, links, exposures)
    },

    address: (link) => addressFor(server, link),
    environment(service, link) {
      const { host, port } = addressFor(server, link)
      return {
        DATABASE_URL: urlOf({ host, port }, { ...link, database: service.database }),
        DB_HOST: host,
        DB_PORT: String(port),
        DB_NAME: service.database,
        DB_USER: link.user,
        DB_PASSWORD: link.password,
      }
    },
    facts: (service) =>
      asAdmin(server, async (admin) => {
        const size = await admin.run(
          `SELECT count(*), coalesce(sum(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = ${admin.value(service.database)}`,
        )
        const version = await admin.run('SELECT version()')
        return {
          database: service.database,
          server: version.rows[0]?.[0] ?? '',
          tables: Number(size.rows[0]?.[0] ?? 0),
          bytes: Number(size.rows[0]?.[1] ?? 0),
        }
      }),
    dsn: (service) => urlOf(server.host(), service),
    connect: (service, streams) =>
      asUser(server, service, streams.signal, (session) => shell(session, streams)),
    export: async (service, output, signal) => {
      const about = await asAdmin(server, async (admin) => ({
        before: await routines(admin, service.database),
        utf8: await isUtf8(admin, service.database),
      }))
      await dump({ ...server.host(), ...accountOf(service), ...about, output, signal })
    },
    import: (service, input, signal) => restore({ ...server.host(), ...accountOf(service), input, signal }),
  }
}

/** Makes the user, or gives the one that is there this password, and opens this one database to it. */
async function letIn(
  admin: Session,
  database: string,
  who: { readonly user: string; readonly password: string; readonly from: string },
): Promise<void> {
  if (/[_%\\]/.test(database)) throw new UserError(`The database name ${database} holds a wildcard`)
  const name = account(admin, who.user, who.from)
  const password = admin.value(who.password)
  await admin.run(`CREATE USER IF NOT EXISTS ${name} IDENTIFIED BY ${password}`)
  await admin.run(`ALTER USER ${name} IDENTIFIED BY ${password} WITH MAX_USER_CONNECTIONS ${mostConnections}`)
  await admin.run(`GRANT ALL PRIVILEGES ON ${admin.name(database)}.* TO ${name}`)
}

/** Whether the bytes of all its text are UTF-8. */
async function isUtf8(admin: Session, database: string): Promise<boolean> {
  const other = await admin.run(
    `SELECT count(*) FROM information_schema.columns WHERE table_schema = ${admin.value(database)} AND character_set_name NOT IN ('utf8mb4', 'utf8mb3', 'utf8', 'ascii')`,
  )
  return other.rows[0]?.[0] === '0'
}

const account = (admin: Session, user: string, from: string): string =>
  `${admin.value(user)}@${admin.value(from)}`

/** Where the service's own user comes from: this process. */
const ownHost = (server: Server): string => (server.remote === undefined ? '127.0.0.1' : '%')

/** Towards another machine the app's address is the host's, which only that machine knows. */
const linkHost = (server: Server, link: Link): string =>
  server.remote === undefined ? link.subnet.replace('/24', '/255.255.255.0') : '%'

/** `203.0.113.0/24` as MySQL writes it. */
function outsideHost({ source }: Exposure): string {
  const [address, bits] = source.split('/')
  if (source === anywhere) return '%'
  if (bits === '32') return address ?? ''
  const mask = [8, 16, 24, 32].map((end) => (end <= Number(bits) ? '255' : '0'))
  return `${address}/${mask.join('.')}`
}

const notOurs = ({ name }: Service): UserError =>
  new UserError(`The server that ${name} is on (MYSQL_URL) is not ours to open`, {
    next: `Give a client its own address: mysql:info ${name} --dsn`,
  })

/** On this machine: the gateway of the app's own network. */
const addressFor = (server: Server, link: Link): { host: string; port: number } => ({
  host: server.remote ?? link.subnet.replace(/\d+\/24$/, '1'),
  port: server.host().port,
})

const accountOf = ({ user, password, database }: Service): Account => ({ user, password, database })

const urlOf = (at: { host: string; port: number }, { user, password, database }: Account): string =>
  `mysql://${user}:${password}@${at.host}:${at.port}/${database}`
