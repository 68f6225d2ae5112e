import { setTimeout as wait } from 'node:timers/promises'
import { execa } from 'execa'
import { underLoad } from '../../../test/load.ts'
import { route } from '../../../test/router/publish.ts'
import { failedRequests } from '../../chaos/failed-requests.ts'
import type { Section } from '../../chaos/section.ts'
import { cores, startMachine } from '../machine.ts'

const host = 'app.test'
const quietMs = 10_000
const slow = { connections: 1_000, perSecond: 200, seconds: 15 } as const

export default {
  summary: `${slow.connections} clients that send their headers for ever, and what others feel`,
  async run() {
    await using machine = await startMachine()
    const { router, origin } = machine
    await router.publish({ app: route([host], [origin]) })
    const target = { httpPort: router.port }
    const quiet = await underLoad(target, { host, perSecond: 200 }, () => wait(quietMs))
    const beside = await underLoad(target, { host, perSecond: 200 }, async () => {
      const shape = ['-c', `${slow.connections}`, '-r', `${slow.perSecond}`, '-l', `${slow.seconds}`]
      const words = ['slowhttptest', '-H', '-i', '10', ...shape, '-u', `http://127.0.0.1:${router.port}/`]
      await execa('taskset', ['-c', `${cores.load}`, ...words], { reject: false })
    })
    const failed = failedRequests(quiet, beside)
    return [
      {
        row: 'slow',
        promise: "slow clients leave others' p99 within 2 times, and fail none of their requests",
        measured: `${(beside.p99Ms / quiet.p99Ms).toFixed(2)}: ${beside.p99Ms.toFixed(1)} beside ${quiet.p99Ms.toFixed(1)} ms, ${failed} failed`,
        holds: beside.p99Ms <= 2 * quiet.p99Ms && failed === 0,
      },
    ]
  },
} satisfies Section
