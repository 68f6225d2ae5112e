import { isAbsolute, normalize } from 'node:path'

/** Whether something of ours can be mounted there: an absolute, plain path outside of what the kernel shows. */
export const isContainerPath = (path: string): boolean =>
  isAbsolute(path) &&
  normalize(path) === path &&
  !/[\0\n,:]/.test(path) &&
  path.length <= 255 &&
  !path.endsWith('/') &&
  !/^\/(proc|sys|dev)(\/|$)/.test(path)
