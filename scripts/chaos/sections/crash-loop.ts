import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, type TestInstance, until } from '../../../test/instance.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import type { Section } from '../section.ts'

const app = 'loop'
const mostRestarts = 10

/** Its worker passes its first check and crashes at every start after it. */
const files = {
  ...staticApp('fine'),
  Procfile: [
    'web: busybox httpd -f -p $PORT -h /www',
    'bad: if [ -e /tmp/again ]; then sleep 0.3; else touch /tmp/again; sleep 8; fi; exit 7',
    '',
  ].join('\n'),
}

export default {
  summary: 'a worker that crashes at every start: it takes more than a minute until it is given up',
  async run() {
    await using paas = await startInstance()
    using _ = await deployApp(paas, app, files)
    await paas.ok(`scale -a ${app} bad=1`)
    let restarts = 0
    await until(
      'it is given up',
      async () => {
        const bad = await worker(paas)
        if (bad && bad.restarts > restarts) {
          restarts = bad.restarts
          say.detail(`started again ${restarts} times`)
        }
        return bad?.state === 'crashed'
      },
      300_000,
    )
    const why = await paas.ok(`why ${app}`)
    const isSaid = /bad\.1 exited with code 7.*10 times in a row/.test(why)
    const serves = (await paas.get(`${app}.localhost`)).body === 'fine\n'
    return [
      {
        row: '46',
        promise: 'a crash loop: back-off, at most 10 restarts, then it stops and says so',
        measured: `${restarts} restarts, ${isSaid ? 'said' : 'not said'}, its web ${serves ? 'serves' : 'does NOT serve'}`,
        holds: restarts <= mostRestarts && isSaid && serves,
      },
    ]
  },
} satisfies Section

async function worker(
  paas: TestInstance,
): Promise<{ readonly state: string; readonly restarts: number } | undefined> {
  const { containers } = JSON.parse(await paas.ok(`ps -a ${app} --json`)) as {
    containers: { process: string; state: string; restarts: number }[]
  }
  return containers.find(({ process }) => process === 'bad.1')
}
