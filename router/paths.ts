import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { UserError } from '../server/errors.ts'
import type { ExtraMap } from './extra-maps.ts'

/** Where the router's files are. */
export type RouterPaths = {
  readonly directory: string
  readonly configuration: string
  readonly hosts: string
  readonly wildcards: string
  readonly challenges: string
  readonly extras: Readonly<Record<ExtraMap, string>>
  readonly certificateList: string
  /** See `certificateFolder`. */
  readonly certificates: string
  readonly snapshot: string
  readonly id: string
  readonly adminSocket: string
  readonly masterSocket: string
  readonly logSocket: string
  readonly pageSocket: string
  /** Where the server asks for `/traffic`. */
  readonly metricsSocket: string
  readonly logs: string
}

/** The paths below `home`. Throws `UserError` where HAProxy could not use them. */
export function routerPaths(home: string): RouterPaths {
  const directory = join(home, 'router')
  if (!/^[\w./@+-]{1,80}$/.test(directory)) {
    throw new UserError(`PAAS_HOME=${home} can't hold HAProxy's sockets`, {
      next: 'Use a shorter path (at most 70 characters) of letters, digits and . _ - @ +',
    })
  }
  return {
    directory,
    configuration: join(directory, 'haproxy.cfg'),
    hosts: join(directory, 'hosts.map'),
    wildcards: join(directory, 'wildcards.map'),
    challenges: join(directory, 'challenges.map'),
    extras: {
      settings: join(directory, 'settings.map'),
      pages: join(directory, 'pages.map'),
      visitors: join(directory, 'visitors.map'),
      redirects: join(directory, 'redirects.map'),
    },
    certificateList: join(directory, 'certificates.list'),
    certificates: certificateFolder(home),
    snapshot: join(directory, 'table.json'),
    id: join(directory, 'id'),
    adminSocket: join(directory, 'admin.sock'),
    masterSocket: join(directory, 'master.sock'),
    logSocket: join(directory, 'log.sock'),
    pageSocket: join(directory, 'page.sock'),
    metricsSocket: join(directory, 'metrics.sock'),
    logs: join(directory, 'log'),
  }
}

/**
 * Where the server puts certificates with their keys, and HAProxy finds them: in memory, so that a stolen disk holds
 * none in clear, and there for as long as this boot, so that HAProxy starts without the server.
 */
export const certificateFolder = (home: string): string =>
  join('/dev/shm', `paas-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`)
