import { join } from 'node:path'
import { Redis } from 'ioredis'
import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, until } from '../../../test/instance.ts'
import { underLoad } from '../../../test/load.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { failedRequests } from '../failed-requests.ts'
import type { Section } from '../section.ts'

const app = 'redis'
const host = `${app}.localhost`
const domains = 200
const rounds = 10
const mostBackMs = 2_000

export default {
  summary: `Redis is flushed ${rounds} times and killed once, with ${domains} routes, under load`,
  async run() {
    await using paas = await startInstance()
    using _ = await deployApp(paas, app, staticApp('here'))
    const names = Array.from({ length: domains }, (_, index) => `d${index}.example.com`)
    await paas.ok(`domains:add -a ${app} ${names.join(' ')}`)
    const redis = new Redis({ path: join(paas.home, 'run', 'redis.sock') })
    redis.on('error', () => {})
    using _redis = { [Symbol.dispose]: () => redis.disconnect() }
    const backMs: number[] = []
    let misrouted = 0
    const report = await underLoad(paas, { host, perSecond: 100 }, async () => {
      for (let round = 0; round <= rounds; round++) {
        const started = performance.now()
        if (round === rounds) await paas.kill('redis')
        else await redis.flushall()
        const flushed = performance.now()
        await until('all routes are back', async () => (await countRoutes(redis)) > domains)
        if (round < rounds) backMs.push(performance.now() - flushed)
        for (const name of names.slice(0, 20)) {
          const answer = await paas.get(name)
          if (answer.status !== 200 || answer.body !== 'here\n') misrouted++
        }
        say.detail(
          `${round === rounds ? 'killed' : 'flushed'}: all routes are back after ${(performance.now() - started).toFixed(0)} ms`,
        )
      }
      await paas.ok(`config:set -a ${app} AFTER=1`)
    })
    const failed = failedRequests(report)
    const slowest = Math.max(...backMs)
    return [
      {
        row: '38',
        promise: 'Redis flushed or killed: no request fails or goes elsewhere',
        measured: `${failed} of ${report.done + failed} failed, ${misrouted} misrouted`,
        holds: failed === 0 && misrouted === 0,
      },
      {
        row: '38',
        promise: `${domains} routes are back within 2 s`,
        measured: `at most ${slowest.toFixed(0)} ms over ${rounds} flushes`,
        holds: slowest <= mostBackMs,
      },
    ]
  },
} satisfies Section

/** 0 while it does not answer. */
const countRoutes = async (redis: Redis): Promise<number> =>
  (await redis.keys('frontend:*').catch(() => [])).length
