import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { parse } from 'dotenv'
import { parseKeep } from './command-line/keep.ts'
import { logSizes, parseLogSize } from './command-line/log-size.ts'
import { parseSize } from './command-line/size.ts'
import { UserError } from './errors.ts'
import { parseReachable, type Reachable } from './walls/reachable.ts'

/** What an instance is told from outside. Everything else is in its state store. */
export type Settings = {
  /** Absolute path of the instance's folder. */
  readonly home: string
  /** Apps answer at `NAME.domain`. */
  readonly domain: string
  readonly sshHost: string
  readonly sshPort: number
  readonly httpHost: string
  readonly httpPort: number
  readonly httpsPort: number
  /** Whose word on a visitor's address counts: `10.0.0.5`, `10.0.0.0/24`, `fd00::/64`. */
  readonly trustedProxies: readonly string[]
  /** Whether connections of these begin with a PROXY header. */
  readonly proxyProtocol: boolean
  /** Where Prometheus finds the router's metrics, on 127.0.0.1; undefined: nowhere. */
  readonly metricsPort: number | undefined
  /** Where the HTTP API listens; without a port nowhere. */
  readonly apiHost: string
  readonly apiPort: number | undefined
  /** A Redis of one's own; undefined: `make up` runs one from `home`. */
  readonly redisUrl: string | undefined
  readonly mysqlUrl: string | undefined
  /** The image that `make up` runs MySQL from instead of this machine's MariaDB: `mariadb:11` */
  readonly mysqlImage: string | undefined
  /** `unix:///path` or `tcp://host:port` */
  readonly dockerHost: string
  /** A path or a public key line. */
  readonly adminKey: string | undefined
  /** Where the server itself looks for versions, and builds that say nothing else. */
  readonly npmRegistry: string
  /** Where buildpacks ask for official images of versions that no base image has: `docker.io`, `host:port/path` */
  readonly imageRegistry: string
  /** The user that router and HAProxy run as when started by root. */
  readonly routerUser: string
  /** How many images of its releases an app keeps, unless it says so itself. */
  readonly keepReleases: number
  /** Bytes that these may take together, layers that they share counted once. */
  readonly imageBudgetBytes: number
  /** Bytes that Docker's build cache may take; what is over is removed, least recently used first. 0: no limit. */
  readonly buildCacheBytes: number
  /** Builds that go on at once; the others wait. */
  readonly buildsAtOnce: number
  /** Networks of containers that are made ahead of the next deploys, at most; 0: none. */
  readonly spareSandboxes: number
  /** What apps and builds may reach in the local network or on the host. */
  readonly reachable: readonly Reachable[]
  /** Bytes that an app's kept log may take, unless the app says so itself. */
  readonly logBytes: number
  /** Free bytes below which nothing is built or received any more; 0: never. */
  readonly diskFloorBytes: number
}

/** Whether Docker's files and control groups are on this machine. */
export const isLocalDocker = (dockerHost: string): boolean => dockerHost.startsWith('unix:')

/**
 * Settings from the environment over the `.env` file at `envFile`.
 * Throws `UserError` with a line that names the first setting that is wrong.
 * @param environment `process.env`; this function's default is the one place that reads it
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  envFile: string = resolve('.env'),
): Settings {
  const file: Record<string, string> = existsSync(envFile) ? parse(readFileSync(envFile)) : {}
  const read = (name: string): string | undefined => (environment[name] ?? file[name])?.trim() || undefined
  if (read('MYSQL_URL') && read('PAAS_MYSQL_IMAGE')) throw twoServers()
  const trustedProxies = proxies('PAAS_TRUSTED_PROXIES', read('PAAS_TRUSTED_PROXIES') ?? '')
  return {
    home: absolutePath('PAAS_HOME', read('PAAS_HOME') ?? defaultHome()),
    domain: hostName('PAAS_DOMAIN', read('PAAS_DOMAIN') ?? 'localhost'),
    sshHost: read('PAAS_SSH_HOST') ?? '0.0.0.0',
    sshPort: port('PAAS_SSH_PORT', read('PAAS_SSH_PORT') ?? '2222'),
    httpHost: read('PAAS_HTTP_HOST') ?? '0.0.0.0',
    httpPort: port('PAAS_HTTP_PORT', read('PAAS_HTTP_PORT') ?? '8080'),
    httpsPort: port('PAAS_HTTPS_PORT', read('PAAS_HTTPS_PORT') ?? '8443'),
    trustedProxies,
    proxyProtocol: proxyProtocol('PAAS_PROXY_PROTOCOL', read('PAAS_PROXY_PROTOCOL') ?? 'off', trustedProxies),
    metricsPort: portIfAny('PAAS_METRICS_PORT', read('PAAS_METRICS_PORT')),
    apiHost: read('PAAS_API_HOST') ?? '127.0.0.1',
    apiPort: portIfAny('PAAS_API_PORT', read('PAAS_API_PORT')),
    redisUrl: url('REDIS_URL', read('REDIS_URL'), ['redis:', 'rediss:', 'unix:']),
    mysqlUrl: url('MYSQL_URL', read('MYSQL_URL'), ['mysql:']),
    mysqlImage: imageName('PAAS_MYSQL_IMAGE', read('PAAS_MYSQL_IMAGE')),
    dockerHost:
      url('DOCKER_HOST', read('DOCKER_HOST'), ['unix:', 'tcp:', 'http:']) ?? 'unix:///var/run/docker.sock',
    adminKey: read('PAAS_ADMIN_KEY'),
    imageRegistry: imageRegistry('PAAS_IMAGE_REGISTRY', read('PAAS_IMAGE_REGISTRY') ?? 'docker.io'),
    npmRegistry:
      url('NPM_CONFIG_REGISTRY', read('NPM_CONFIG_REGISTRY'), ['https:', 'http:']) ??
      'https://registry.npmjs.org/',
    routerUser: read('PAAS_ROUTER_USER') ?? 'paas-router',
    keepReleases: keepReleases(read('PAAS_KEEP_RELEASES') ?? '5'),
    imageBudgetBytes: size('PAAS_IMAGE_BUDGET', read('PAAS_IMAGE_BUDGET') ?? '10g'),
    buildCacheBytes: size('PAAS_BUILD_CACHE', read('PAAS_BUILD_CACHE') ?? '10g'),
    buildsAtOnce: numberFrom(1, 100, 'PAAS_BUILDS_AT_ONCE', read('PAAS_BUILDS_AT_ONCE') ?? '2'),
    spareSandboxes: numberFrom(0, 1000, 'PAAS_SPARE_SANDBOXES', read('PAAS_SPARE_SANDBOXES') ?? '16'),
    reachable: reachable('PAAS_REACHABLE', read('PAAS_REACHABLE') ?? ''),
    logBytes: logSize('PAAS_LOG_SIZE', read('PAAS_LOG_SIZE') ?? '30m'),
    diskFloorBytes: size('PAAS_DISK_FLOOR', read('PAAS_DISK_FLOOR') ?? '2g'),
  }
}

function defaultHome(): string {
  return process.getuid?.() === 0 ? '/var/lib/paas' : join(homedir(), '.paas')
}

function absolutePath(name: string, value: string): string {
  if (!isAbsolute(value)) throw wrong(name, value, 'an absolute path, such as /var/lib/paas')
  return resolve(value)
}

function hostName(name: string, value: string): string {
  const host = value.toLowerCase()
  if (!/^(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(host)) {
    throw wrong(name, value, 'a host name, such as apps.example.com')
  }
  return host
}

/** As it stands before an image's name. */
function imageRegistry(name: string, value: string): string {
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)*$/.test(value))
    return value
  throw wrong(name, value, 'an image registry, such as docker.io or registry.example.com:5000/hub')
}

/** As Docker takes it, with a tag or a digest. */
function imageName(name: string, value: string | undefined): string | undefined {
  if (
    value === undefined ||
    /^[a-z0-9][\w.-]*(:\d{1,5})?(\/[\w.-]+)*(:[\w.-]+)?(@sha256:[a-f0-9]{64})?$/.test(value)
  )
    return value
  throw wrong(name, value, 'the name of an image, such as mariadb:11')
}

function numberFrom(least: number, most: number, name: string, value: string): number {
  const number = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= least && number <= most)) throw wrong(name, value, `a number from ${least} to ${most}`)
  return number
}

function port(name: string, value: string): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (number < 1 || number > 65_535) throw wrong(name, value, 'a port from 1 to 65535')
  return number
}

function portIfAny(name: string, value: string | undefined): number | undefined {
  return value === undefined ? undefined : port(name, value)
}

function keepReleases(value: string): number {
  const number = parseKeep(value)
  if (number === undefined) throw wrong('PAAS_KEEP_RELEASES', value, 'a number from 2 to 100')
  return number
}

function size(name: string, value: string): number {
  const bytes = parseSize(value)
  if (bytes === undefined) throw wrong(name, value, 'a size, such as 500m or 2g')
  return bytes
}

function logSize(name: string, value: string): number {
  const bytes = parseLogSize(value)
  if (bytes === undefined) throw wrong(name, value, logSizes)
  return bytes
}

function reachable(name: string, value: string): readonly Reachable[] {
  const wanted = 'addresses of the local network with commas between, such as 10.0.0.5:4873,10.0.1.0/24'
  return listed(value).map((each) => {
    const parsed = parseReachable(each)
    if (!parsed) throw wrong(name, each, wanted)
    return parsed
  })
}

function proxies(name: string, value: string): readonly string[] {
  return listed(value).map((each) => {
    const parsed = parseReachable(each)
    // Whoever trusts everybody lets every visitor choose his address.
    if (!parsed || parsed.port !== undefined || parsed.addresses.endsWith('/0'))
      throw wrong(name, each, "proxies' addresses with commas between, such as 10.0.0.5,10.0.1.0/24")
    return parsed.addresses
  })
}

function proxyProtocol(name: string, value: string, trusted: readonly string[]): boolean {
  if (value !== 'on' && value !== 'off') throw wrong(name, value, 'on or off')
  if (value === 'on' && trusted.length === 0)
    throw new UserError('PAAS_PROXY_PROTOCOL=on needs the proxies that speak it', {
      next: 'Name them in .env or in the environment: PAAS_TRUSTED_PROXIES=10.0.0.5',
    })
  return value === 'on'
}

const listed = (value: string): readonly string[] =>
  value
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')

function url(name: string, value: string | undefined, protocols: readonly string[]): string | undefined {
  if (value === undefined) return undefined
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
    throw wrong(
      name,
      value.replace(/\/\/[^@/]*@/, '//…@'),
      `a URL that begins with ${protocols.join(' or ')}//`,
    )
  }
  return value
}

const twoServers = (): UserError =>
  new UserError('MYSQL_URL and PAAS_MYSQL_IMAGE are both set, and databases are in one place', {
    next: 'Take one of them out of .env or the environment',
  })

const wrong = (name: string, value: string, wanted: string): UserError =>
  new UserError(`${name}=${value} is not ${wanted}`, {
    next: `Correct ${name} in .env or in the environment`,
  })
