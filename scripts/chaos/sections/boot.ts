import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, until } from '../../../test/instance.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { restartDocker } from '../restart-docker.ts'
import type { Section } from '../section.ts'

const count = Number(process.env.APPS ?? 20)
const mostBootMs = 180_000

export default {
  summary: `everything of ${count} apps ends and comes back, as in a reboot (APPS=200 for all)`,
  restartsDocker: true,
  async run() {
    await using paas = await startInstance()
    const names = Array.from({ length: count }, (_, index) => `app-${index + 1}`)
    using _ = await deployApp(paas, 'app-1', staticApp('here'))
    for (const [index, name] of names.slice(1).entries()) {
      await paas.ok(`apps:clone app-1 ${name}`)
      if ((index + 2) % 20 === 0) say.detail(`${index + 2} apps run`)
    }
    await paas.down()
    const served = new Set<string>()
    let misrouted = 0
    let started = 0
    await restartDocker(async () => {
      started = performance.now()
    })
    await paas.up()
    await until(
      'every app answers',
      async () => {
        for (const name of names.filter((each) => !served.has(each))) {
          const answer = await paas.get(`${name}.localhost`, '/cgi-bin/environment').catch(() => undefined)
          if (answer?.status !== 200) continue
          if (answer.body.split('\0').includes(`PAAS_APP=${name}`)) served.add(name)
          else misrouted++
        }
        return served.size === count
      },
      2 * mostBootMs,
    ).catch(() => {})
    const bootMs = performance.now() - started
    return [
      {
        row: '36',
        promise: `a reboot with ${count} apps: all routable in 180 s, no request to the wrong app`,
        measured: `${served.size} after ${(bootMs / 1000).toFixed(1)} s, ${misrouted} misrouted`,
        holds: served.size === count && bootMs <= mostBootMs && misrouted === 0,
      },
    ]
  },
} satisfies Section
