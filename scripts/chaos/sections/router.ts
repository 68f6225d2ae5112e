import { loadApp } from '../../../test/apps/load-app.ts'
import { startInstance, until } from '../../../test/instance.ts'
import { underLoad } from '../../../test/load.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { failedRequests } from '../failed-requests.ts'
import type { Section } from '../section.ts'
import { startedAt } from '../started-at.ts'

const app = 'router'
const host = `${app}.localhost`
const rounds = 20

export default {
  summary: `the server is killed 3 times and the router ${rounds} times, under every kind of request`,
  async run() {
    await using paas = await startInstance()
    using _ = await deployApp(paas, app, loadApp('here'))
    const before = await startedAt(paas)
    const load = { host, perSecond: 40, all: true } as const
    const server = await underLoad(paas, load, async () => {
      for (let round = 1; round <= 3; round++) {
        await paas.kill('server')
        await paas.up()
        say.detail(`the server was killed ${round} times`)
      }
    })
    const after = await startedAt(paas)
    const router = await underLoad(paas, load, async () => {
      for (let round = 1; round <= rounds; round++) {
        await paas.kill('router')
        // What changes while it is away is served when the command returns.
        await paas.ok(`config:set -a ${app} ROUND=${round}`)
        if (round % 5 === 0) say.detail(`the router was killed ${round} times`)
      }
    })
    await paas.kill('haproxy')
    const started = performance.now()
    const isBack = async (): Promise<boolean> => (await paas.get(host).catch(() => undefined))?.status === 200
    await until('HAProxy serves again', isBack)
    const backMs = performance.now() - started
    const sameApps = JSON.stringify(before) === JSON.stringify(after)
    return [
      {
        row: '33',
        promise: 'the server killed: the router goes on, apps are not touched',
        measured: `${failedRequests(server)} of ${server.done + failedRequests(server)} failed, StartedAt ${sameApps ? 'unchanged' : 'CHANGED'}`,
        holds: failedRequests(server) === 0 && sameApps,
      },
      {
        row: '34',
        promise: 'the router killed: no request is refused or answered 503',
        measured: `${failedRequests(router)} of ${router.done + failedRequests(router)} failed over ${rounds} kills`,
        holds: failedRequests(router) === 0,
      },
      {
        row: '34',
        promise: 'HAProxy killed: back with every route within 10 s',
        measured: `${(backMs / 1000).toFixed(1)} s`,
        holds: backMs <= 10_000,
      },
    ]
  },
} satisfies Section
