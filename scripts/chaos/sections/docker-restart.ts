import { execa } from 'execa'
import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, until } from '../../../test/instance.ts'
import { underLoad } from '../../../test/load.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { failedRequests } from '../failed-requests.ts'
import { restartDocker } from '../restart-docker.ts'
import type { Section } from '../section.ts'
import { startedAt } from '../started-at.ts'

const apps = ['one', 'two', 'three']
const mostBackMs = 30_000

export default {
  summary: 'the Docker Engine is killed and started again',
  restartsDocker: true,
  async run() {
    await using paas = await startInstance()
    using _ = await deployApp(paas, 'one', staticApp('here'))
    for (const name of apps.slice(1)) await paas.ok(`apps:clone one ${name}`)
    const { stdout } = await execa('docker', ['info', '--format', '{{.LiveRestoreEnabled}}'])
    const livesOn = stdout === 'true'
    const before = await startedAt(paas)
    let backMs = Number.NaN
    const load = await underLoad(paas, { host: 'one.localhost', perSecond: 20 }, async () => {
      await restartDocker()
      const started = performance.now()
      await until(
        'every app answers',
        async () => (await Promise.all(apps.map((name) => isServed(name)))).every(Boolean),
        120_000,
      )
      backMs = performance.now() - started
    })
    say.detail(`every app answers ${backMs.toFixed(0)} ms after Docker`)
    const after = await startedAt(paas)
    const restarts = after.filter((each) => !before.includes(each)).length
    const set = await paas.ssh('config:set -a one AFTER=1')
    const failed = failedRequests(load)
    return [
      {
        row: '35',
        promise: 'Docker restarted: every app is back in 30 s, and deploys go on',
        measured: `${(backMs / 1000).toFixed(1)} s, config:set ended with ${set.exitCode}`,
        holds: backMs <= mostBackMs && set.exitCode === 0,
      },
      {
        row: '35',
        promise: livesOn
          ? 'with live-restore no container is started again, and no request fails'
          : 'without live-restore every container is started again once',
        measured: `${restarts} of ${after.length} were, ${failed} of ${load.done + failed} requests failed`,
        holds: livesOn ? restarts === 0 && failed === 0 : restarts === after.length,
      },
    ]

    async function isServed(name: string): Promise<boolean> {
      const answer = await paas.get(`${name}.localhost`, '/cgi-bin/environment').catch(() => undefined)
      return answer?.status === 200 && answer.body.split('\0').includes(`PAAS_APP=${name}`)
    }
  },
} satisfies Section
