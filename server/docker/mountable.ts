import { normalize } from 'node:path'

/** Where data of a host lies; nothing of the system does. */
export const mountableRoots = ['/srv', '/mnt', '/media', '/opt', '/home', '/data'] as const

/** Whether a container may ever have this folder of the host: an absolute, plain path below one of the roots. */
export const isMountable = (path: string): boolean =>
  normalize(path) === path &&
  !path.endsWith('/') &&
  mountableRoots.some((root) => path.startsWith(`${root}/`))
