import { existsSync } from 'node:fs'
import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, type TestInstance, until } from '../../../test/instance.ts'
import { underLoad } from '../../../test/load.ts'
import { orphansOf } from '../../../test/orphans.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { failedRequests } from '../failed-requests.ts'
import type { Section } from '../section.ts'

const app = 'shop'

export default {
  summary: 'MariaDB is killed and stays away: deploys go on, database commands fail cleanly',
  async run() {
    await using paas = await startInstance({ MYSQL_URL: '' })
    using repository = await deployApp(paas, app, staticApp('first'))
    await until('MariaDB answers', async () => (await paas.ssh('mysql:create steady')).exitCode === 0)
    await paas.ok(`mysql:link steady ${app}`)
    const unclean: string[] = []
    let deploys = 0
    const report = await underLoad(paas, { host: `${app}.localhost`, perSecond: 40 }, async () => {
      await endMariaDb(paas)
      say.detail('MariaDB is gone')
      for (const line of ['create late', 'destroy steady --force', 'clone steady copy', 'info steady']) {
        const ran = await paas.ssh(`mysql:${line}`)
        if (ran.exitCode !== 75) unclean.push(`mysql:${line} ended with ${ran.exitCode}`)
      }
      await repository.commit({ 'www/index.html': 'second' })
      if ((await repository.push(paas, app)).exitCode === 0) deploys++
      if ((await paas.ssh(`config:set ${app} DOWN=1`)).exitCode === 0) deploys++
      say.detail(`${deploys} of 2 deploys went through`)
      await paas.up()
    })
    let left: readonly string[] = []
    await until('nothing is half-made', async () => {
      left = (await orphansOf(paas)).databases
      return left.length === 0
    }).catch(() => {})
    const failed = failedRequests(report)
    return [
      {
        row: '39',
        promise: 'MySQL down: apps and deploys go on',
        measured: `${failed} of ${report.done + failed} requests failed, ${deploys} of 2 deploys went through`,
        holds: failed === 0 && deploys === 2,
      },
      {
        row: '39',
        promise: 'database commands fail cleanly: no half-made database or user',
        measured: `${left.length} left${unclean.map((each) => `; ${each}`).join('')}`,
        holds: left.length === 0 && unclean.length === 0,
      },
    ]
  },
} satisfies Section

async function endMariaDb(paas: TestInstance): Promise<void> {
  const pid = paas.pid('mysql')
  for (const part of ['mysql.supervisor', 'mysql']) process.kill(paas.pid(part) ?? 0, 'SIGKILL')
  await until('MariaDB is gone', async () => !existsSync(`/proc/${pid}`))
}
