import { setTimeout as wait } from 'node:timers/promises'
import { createHaproxy } from '../../../router/haproxy.ts'
import { routerPaths } from '../../../router/paths.ts'
import { underLoad } from '../../../test/load.ts'
import { until } from '../../../test/router/harness.ts'
import { route } from '../../../test/router/publish.ts'
import type { Section } from '../../chaos/section.ts'
import { say } from '../../say.ts'
import { type Router, startMachine } from '../machine.ts'

const host = 'app.test'
const rounds = 20
/** The old worker of the reload before has let its connections go by then. */
const betweenMs = 1_500

export default {
  summary: `HAProxy is reloaded and the router killed ${rounds} times under 200 requests a second`,
  async run() {
    await using machine = await startMachine()
    const { router, origin } = machine
    await router.publish({ app: route([host], [origin]) })
    const report = await underLoad({ httpPort: router.port }, { host, perSecond: 200 }, async () => {
      for (let round = 1; round <= rounds; round++) {
        await restartBoth(router)
        await wait(betweenMs)
        if (round % 5 === 0) say.detail(`${round} times`)
      }
    })
    const failed = (pattern: RegExp): number =>
      Object.entries(report.failed).reduce((sum, [why, count]) => (pattern.test(why) ? sum + count : sum), 0)
    const refused = failed(/ECONNREFUSED|status 50[0-9]/)
    const onNew = failed(/^get: /) - failed(/^get: .*(ECONNREFUSED|status 50)/)
    const onKept = failed(/^kept: /) - failed(/^kept: .*(ECONNREFUSED|status 50)/)
    return [
      {
        row: 'restarts',
        promise: 'no connection is refused, and none answered 503',
        measured: `${refused} of ${report.done} over ${rounds} restarts of each`,
        holds: refused === 0,
      },
      {
        row: 'restarts',
        promise: 'no request on a new connection fails in another way',
        measured: `${onNew}`,
        holds: onNew === 0,
      },
      {
        row: 'restarts',
        promise: 'for information: resets of kept connections, closed as the client wrote',
        measured: `${onKept}`,
        holds: true,
      },
    ]
  },
} satisfies Section

async function restartBoth(router: Router): Promise<void> {
  const before = await router.haproxyPid()
  await createHaproxy(routerPaths(router.home)).reload()
  await router.stop('router', 'SIGKILL')
  router.startFollower()
  await until('another worker answers', async () => {
    const now = await router.haproxyPid()
    return now > 0 && now !== before
  })
}
