import { type RouterState, routersKey, routerTtlMs } from '../router/contract.ts'
import { connectRedis } from '../server/redis/connection.ts'
import type { Settings } from '../server/settings.ts'
import { inspectPart } from './inspect-part.ts'
import type { Layout } from './layout.ts'
import { ready } from './ready.ts'

/**
 * Waits until the router that runs now has told the server that it follows the routes: before that a push is
 * refused, though HAProxy answers. Throws `UnavailableError` as `ready` does.
 */
export async function routerReady({ redisUrl }: Settings, places: Layout): Promise<void> {
  const redis = connectRedis(redisUrl ?? `unix://${places.redisSocket}`, () => {})
  try {
    await ready('router', places, async () => {
      const states = await redis.hvals(routersKey).catch((): string[] => [])
      const saidAt = Math.max(...states.map((state) => (JSON.parse(state) as RouterState).at))
      return saidAt > oldestCredible(places)
    })
  } finally {
    redis.disconnect()
  }
}

/** What an earlier router said before it ended is no sign of this one. */
function oldestCredible(places: Layout): number {
  const { child } = inspectPart('router', places)
  return Math.max(Date.now() - routerTtlMs, child ? child.since.getTime() : 0)
}
