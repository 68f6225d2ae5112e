import { mortalApp } from '../../../test/apps/health.ts'
import { staticApp } from '../../../test/apps/static.ts'
import { type Event, eventsOf } from '../../../test/events-of.ts'
import { startInstance, type TestInstance, until } from '../../../test/instance.ts'
import { underLoad } from '../../../test/load.ts'
import { made } from '../../../test/made.ts'
import type { Files } from '../../../test/repository.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { failedRequests } from '../failed-requests.ts'
import type { Finding, Section } from '../section.ts'

const app = 'bad'
const host = `${app}.localhost`
const mostGoneMs = 30_000
const mostBackMs = 5_000

const bad: Readonly<Record<string, { readonly files: Files; readonly says: RegExp }>> = {
  'crashes at once': {
    files: { Dockerfile: 'FROM paas/busybox\nCMD ["/bin/sh", "-c", "echo no luck; exit 3"]\n' },
    says: /exited with code 3/,
  },
  'does not listen': {
    files: { Dockerfile: 'FROM paas/busybox\nCMD ["sleep", "600"]\n' },
    says: /listen/,
  },
  'fails its check': {
    files: {
      ...staticApp('new'),
      'app.json': JSON.stringify({
        healthchecks: {
          web: [{ type: 'startup', path: '/missing', attempts: 2, wait: 1, timeout: 2 }],
        },
      }),
    },
    says: /404/,
  },
}

export default {
  summary: 'releases that crash, do not listen or fail their check; one that dies after its swap',
  async run() {
    await using paas = await startInstance()
    return [await refused(paas), await goesBack(paas)]
  },
} satisfies Section

async function refused(paas: TestInstance): Promise<Finding> {
  using repository = await deployApp(paas, app, staticApp('good'))
  const problems: string[] = []
  let goneMs = 0
  const report = await underLoad(paas, { host, perSecond: 40 }, async () => {
    for (const [what, { files, says }] of Object.entries(bad)) {
      await repository.git(['rm', '-r', '--quiet', '.'])
      await repository.commit(files)
      const push = await repository.push(paas, app)
      const verdict = performance.now()
      if (push.exitCode === 0) problems.push(`${what}: accepted`)
      else if (!says.test(push.stderr)) problems.push(`${what}: without its reason`)
      await until(
        'it is gone',
        async () => (await made(paas, app)).containers.length === 1,
        mostGoneMs,
      ).catch(() => problems.push(`${what}: its container is still there`))
      goneMs = Math.max(goneMs, performance.now() - verdict)
      say.detail(`a release that ${what} is refused, its container gone ${goneMs.toFixed(0)} ms later`)
    }
  })
  const failed = failedRequests(report)
  return {
    row: '32',
    promise: 'a bad release: the old one serves, the push says why, and it is gone in 30 s',
    measured: `${failed} of ${report.done + failed} failed; gone after ${(goneMs / 1000).toFixed(1)} s${problems.map((each) => `; ${each}`).join('')}`,
    holds: failed === 0 && problems.length === 0 && goneMs <= mostGoneMs,
  }
}

async function goesBack(paas: TestInstance): Promise<Finding> {
  using repository = await deployApp(paas, 'mortal', staticApp('old'))
  await repository.commit(mortalApp('new', 1, 'exit 4'))
  const push = await repository.push(paas, 'mortal')
  if (push.exitCode !== 0) throw new Error(push.stderr)
  const events = (type: string): readonly Event[] =>
    eventsOf(paas).filter((event) => event.app?.name === 'mortal' && event.type === type)
  await until('it died', async () => events('process-crashed').length > 0)
  await until('the old page serves', async () => (await paas.get('mortal.localhost')).body === 'old\n')
  const backMs = Date.now() - Date.parse(events('process-crashed')[0]?.at ?? '')
  await until('it is recorded', async () => events('release-went-back').length > 0)
  const why = (await paas.ssh('why mortal')).stdout
  const isSaid = /died within a minute/.test(why)
  return {
    row: '32b',
    promise: 'one that dies within 60 s of its swap: the one before serves again in 5 s, and why says so',
    measured: `${(backMs / 1000).toFixed(1)} s, ${isSaid ? 'said' : 'not said'}`,
    holds: backMs <= mostBackMs && isSaid,
  }
}
