import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { staticApp } from '../../../test/apps/static.ts'
import { type DockerProxy, type Fault, startDockerProxy } from '../../../test/docker-proxy.ts'
import { startInstance, until } from '../../../test/instance.ts'
import { type LoadReport, underLoad } from '../../../test/load.ts'
import { orphansOf } from '../../../test/orphans.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { failedRequests } from '../failed-requests.ts'
import type { Section } from '../section.ts'

const app = 'dock'
/** The promised 30 s are for a call; what the push does around it is not much. */
const mostMs = 35_000

const calls = {
  'the build': /^POST \/build/,
  'the making of a container': /^POST \/containers\/create/,
  'its start': /^POST \/containers\/[^/]+\/start/,
  'the look at its image': /^GET \/images\/[^/]+\/json/,
} as const
const faults: readonly Fault[] = ['hang', 'error', 'cut']

export default {
  summary: "Docker's API hangs, answers 500 or ends in the middle, at each call of a push",
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'paas-chaos-'))
    using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
    await using docker = await startDockerProxy(join(folder, 'docker.sock'))
    await using paas = await startInstance({ DOCKER_HOST: docker.url })
    using repository = await deployApp(paas, app, staticApp('first'))
    // Whatever happens, the instance is taken down through a Docker that answers.
    await using _healed = { [Symbol.asyncDispose]: () => docker.heal() }
    const met: { readonly tookMs: number; readonly problem: string | undefined }[] = []
    const reports: LoadReport[] = []
    for (const fault of faults) {
      for (const [what, at] of Object.entries(calls)) {
        await repository.commit({ 'www/index.html': `${fault} ${what}` })
        await docker.fail(fault, at)
        let tookMs = 0
        let problem: string | undefined
        const report = await underLoad(paas, { host: `${app}.localhost`, perSecond: 20 }, async () => {
          const started = performance.now()
          const push = await repository.push(paas, app)
          tookMs = performance.now() - started
          problem = problemOf(push, docker)
        })
        reports.push(report)
        await docker.heal()
        met.push({ tookMs, problem })
        say.detail(`${fault} at ${what}: ${problem ?? 'refused in words'} after ${tookMs.toFixed(0)} ms`)
      }
    }
    const problems = met.flatMap(({ problem }) => problem ?? [])
    const slowest = Math.max(...met.map(({ tookMs }) => tookMs))
    await repository.commit({ 'www/index.html': 'last' })
    const last = await repository.push(paas, app)
    const isClean = await until(
      'nothing is left over',
      async () => Object.values(await orphansOf(paas)).flat().length === 0,
      60_000,
    ).then(
      () => true,
      () => false,
    )
    return [
      {
        row: '49',
        promise: 'a push ends within 30 s with a reason',
        measured: `${problems.length} of ${met.length} faults without one${problems.map((each) => `; ${each}`).join('')}; at most ${(slowest / 1000).toFixed(1)} s`,
        holds: problems.length === 0 && slowest <= mostMs,
      },
      {
        row: '49',
        promise: 'the old release serves on',
        measured: `${failedRequests(...reports)} failed requests`,
        holds: failedRequests(...reports) === 0,
      },
      {
        row: '49',
        promise: 'afterwards a push deploys, and nothing is left over',
        measured: `exit code ${last.exitCode}, ${isClean ? 'nothing left' : 'something left'}`,
        holds: last.exitCode === 0 && isClean,
      },
    ]
  },
} satisfies Section

function problemOf(push: { exitCode: number; stderr: string }, { hits }: DockerProxy): string | undefined {
  if (hits === 0) return 'the call was never made'
  if (push.exitCode === 0) return 'the push went through'
  if (/nternal error/.test(push.stderr)) return 'called an error of ours'
  return /Docker|not well/.test(push.stderr) ? undefined : 'no reason'
}
