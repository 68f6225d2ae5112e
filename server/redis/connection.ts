import { Redis } from 'ioredis'
import { UnavailableError } from '../errors.ts'

/**
 * A connection to the instance's Redis that comes back by itself. Commands fail at once while it is down
 * (they are not queued): who writes routes must know. Errors go to `onError`, once for each outage.
 */
export function connectRedis(url: string, onError: (error: Error) => void): Redis {
  const options = {
    lazyConnect: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    connectTimeout: 5_000,
    retryStrategy: (attempt: number) => Math.min(attempt * 50, 1_000),
  }
  const redis = url.startsWith('unix:')
    ? new Redis({ ...options, path: new URL(url).pathname })
    : new Redis(url, options)
  let told = false
  redis.on('error', (error: Error) => {
    if (!told) onError(error)
    told = true
  })
  redis.on('ready', () => {
    told = false
  })
  return redis
}

/** The driver's error as what a person can act on. */
export const redisUnavailable = (cause: unknown): UnavailableError =>
  new UnavailableError('Redis does not answer', { cause, next: 'On the server: make status, then make up' })
