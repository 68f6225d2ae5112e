import { startInstance, until } from '../../../test/instance.ts'
import { made } from '../../../test/made.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import type { Section } from '../section.ts'

const app = 'stubborn'
const mostGoneMs = 32_000
/** Far from the 30 s that the app is given. */
const mostDeployMs = 20_000

const files = {
  Dockerfile: [
    'FROM paas/busybox',
    `CMD ["/bin/sh", "-c", "trap : TERM; while :; do printf 'HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\nok' | busybox nc -l -p $PORT; done"]`,
    '',
  ].join('\n'),
}

export default {
  summary: 'an app that ignores SIGTERM is deployed again',
  async run() {
    await using paas = await startInstance()
    using _ = await deployApp(paas, app, files)
    const started = performance.now()
    await paas.ok(`config:set -a ${app} AGAIN=1`)
    const returned = performance.now()
    say.detail(`the deploy took ${(returned - started).toFixed(0)} ms`)
    await until('the old one is gone', async () => (await made(paas, app)).containers.length === 1, 60_000)
    const goneMs = performance.now() - returned
    return [
      {
        row: '45',
        promise: 'SIGTERM ignored: TERM, 30 s, KILL, within 32 s; the deploy does not wait',
        measured: `gone after ${(goneMs / 1000).toFixed(1)} s, the deploy took ${((returned - started) / 1000).toFixed(1)} s`,
        holds: goneMs <= mostGoneMs && returned - started <= mostDeployMs,
      },
    ]
  },
} satisfies Section
