import { setTimeout as wait } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { openSocket, underLoad } from '../../../test/load.ts'
import { startBackend } from '../../../test/router/harness.ts'
import { route } from '../../../test/router/publish.ts'
import { failedRequests } from '../../chaos/failed-requests.ts'
import type { Section } from '../../chaos/section.ts'
import { say } from '../../say.ts'
import { answerAll } from '../answer-all.ts'
import { load } from '../load.ts'
import { cores, type Router, startMachine } from '../machine.ts'

const host = 'app.test'
const swaps = 25
const quietMs = 10_000
const every = { host, perSecond: 200, all: true } as const

export default {
  summary: `${2 * swaps} swaps, half of them under 200 requests a second of every kind, half under all that one connection pool sends`,
  async run() {
    await using machine = await startMachine()
    const { router, origin } = machine
    await using one = await startBackend('one', answerAll)
    await using two = await startBackend('two', answerAll)
    new WebSocketServer({ server: one.server }).on('connection', (socket) =>
      socket.on('message', (text) => socket.send(`${text}`)),
    )
    await router.publish({ app: route([host], [one.address]) })
    const held = await openSocket({ httpPort: router.port }, host)
    say.detail('quiet')
    const quiet = await underLoad({ httpPort: router.port }, every, () => wait(quietMs))
    say.detail(`${swaps} swaps under 200 requests a second`)
    const busy = await underLoad({ httpPort: router.port }, every, async () => {
      for (let swap = 0; swap < swaps; swap++) {
        await router.publish({ app: route([host], [(swap % 2 === 0 ? two : one).address], swap + 2) })
        await wait(400)
      }
    })
    say.detail(`${swaps} swaps under full load`)
    const full = await fullLoad(router, origin)
    await held.echo('still here')
    await held.close()
    const failed = failedRequests(quiet, busy) + full.refused + full.broken
    const all = quiet.done + busy.done + full.requests
    return [
      {
        row: 'swaps',
        promise: 'no request fails, of 100,000 or more',
        measured: `${failed} of ${all} failed over ${2 * swaps} swaps; a WebSocket lives on`,
        holds: failed === 0 && all >= 100_000,
      },
      {
        row: 'swaps',
        promise: 'p99 of plain requests at most 1.5 times the quiet one',
        measured: `${(busy.p99Ms / quiet.p99Ms).toFixed(2)}: ${busy.p99Ms.toFixed(1)} beside ${quiet.p99Ms.toFixed(1)} ms`,
        holds: busy.p99Ms <= 1.5 * quiet.p99Ms,
      },
    ]
  },
} satisfies Section

/** The same backend under two names: every swap takes one out and puts the other in. */
async function fullLoad(router: Router, origin: string) {
  const other = origin.replace('127.0.0.1', '127.0.0.2')
  await router.publish({ app: route([host], [origin], 100) })
  const loading = load({ port: router.port, host, core: cores.load, connections: 32, seconds: 15 })
  for (let swap = 0; swap < swaps; swap++) {
    await router.publish({ app: route([host], [swap % 2 === 0 ? other : origin], swap + 101) })
    await wait(300)
  }
  return await loading
}
