import { randomInt } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, type TestInstance, until } from '../../../test/instance.ts'
import { made } from '../../../test/made.ts'
import type { Files, Repository } from '../../../test/repository.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import type { Finding, Section } from '../section.ts'

const app = 'lost'
const mostFreeMs = 5_000
const mostLeftMs = 60_000
const mostRunMs = 10_000

/** Where a push is cut: what is pushed, and what git has printed by then. */
const points: Readonly<Record<string, { readonly files: () => Files; readonly seen: string }>> = {
  'in the build': {
    files: () => ({
      Dockerfile: `FROM paas/busybox\nRUN echo begun; sleep ${randomInt(100_000, 999_999)}\n`,
      ...ballast(),
    }),
    seen: 'begun',
  },
  'in the check': {
    files: () => ({ Dockerfile: 'FROM paas/busybox\nCMD ["sleep", "600"]\n', ...ballast() }),
    seen: '-----> Starting web',
  },
}

export default {
  summary: 'the connection is cut or interrupted in a build and in a check; the client of a run is killed',
  async run() {
    await using paas = await startInstance()
    using repository = await deployApp(paas, app, staticApp('good'))
    return [...(await cutPushes(paas, repository)), await killedRun(paas)]
  },
} satisfies Section

async function cutPushes(paas: TestInstance, repository: Repository): Promise<readonly Finding[]> {
  const before = await state(paas)
  let freeMs = 0
  let cuts = 0
  const problems: string[] = []
  for (const [where, { files, seen }] of Object.entries(points)) {
    for (const how of ['cut', 'interrupt'] as const) {
      await repository.commit(files())
      const push = repository.startPush(paas, app)
      await push.saw(seen)
      push[how]()
      cuts++
      const cut = performance.now()
      await until('the app is free', async () => await isFree(paas), mostLeftMs)
      freeMs = Math.max(freeMs, performance.now() - cut)
      await push.ended
      await until('nothing is left', async () => (await state(paas)) === before, mostLeftMs).catch(
        async () => {
          problems.push(`something is left of a push that was ended by ${how} ${where}`)
          say.trouble(`Before: ${before}\nNow: ${await state(paas)}`)
        },
      )
      say.detail(`${how} ${where}: free at most ${freeMs.toFixed(0)} ms later`)
    }
  }
  return [
    {
      row: '43',
      promise: 'a push cut: ref, objects, images and containers as before after 60 s',
      measured: `${problems.length} of ${cuts} left something${problems.map((each) => `; ${each}`).join('')}`,
      holds: problems.length === 0,
    },
    {
      row: '43',
      promise: 'the app is free in 5 s',
      measured: `at most ${(freeMs / 1000).toFixed(1)} s`,
      holds: freeMs <= mostFreeMs,
    },
  ]
}

async function killedRun(paas: TestInstance): Promise<Finding> {
  const oneOffs = async (): Promise<number> => {
    const words = ['ps', '-a', '--format', '{{.Names}}', '--filter', `label=paas.instance=${paas.id}`]
    return (await execa('docker', words)).stdout.split('\n').filter((name) => name.includes('-run-')).length
  }
  const words = ['-F', paas.sshConfig, '-o', 'BatchMode=yes', 'paas', 'run', app, 'sleep', '600']
  const client = execa('ssh', words, { reject: false, stdin: 'ignore' })
  await until('its container runs', async () => (await oneOffs()) > 0)
  client.kill('SIGKILL')
  const killed = performance.now()
  await until('its container is gone', async () => (await oneOffs()) === 0, mostLeftMs)
  const goneMs = performance.now() - killed
  return {
    row: '44',
    promise: 'the client of a run gone: its container is removed within 10 s',
    measured: `${(goneMs / 1000).toFixed(1)} s`,
    holds: goneMs <= mostRunMs,
  }
}

async function isFree(paas: TestInstance): Promise<boolean> {
  const [last] = JSON.parse(await paas.ok(`deploys ${app} --json -n 1`)) as { state: string }[]
  return last?.state !== 'running' && last?.state !== 'waiting'
}

/** All that a push may leave: refs, objects and half-written files of the repository, releases, containers, images. */
async function state(paas: TestInstance): Promise<string> {
  const [name = ''] = readdirSync(join(paas.home, 'repositories'))
  const repository = join(paas.home, 'repositories', name)
  const git = async (...words: string[]): Promise<string> =>
    (await execa('git', ['--git-dir', repository, ...words])).stdout
  const files = readdirSync(join(repository, 'objects'), { recursive: true, encoding: 'utf8' })
  return JSON.stringify([
    await git('for-each-ref'),
    // What is kept may be packed meanwhile.
    (await git('cat-file', '--batch-all-objects', '--batch-check')).split('\n'),
    files.filter((file) => /tmp_|incoming/.test(file)),
    await paas.ok(`releases ${app} --json`),
    await made(paas, app),
  ])
}

/** A megabyte that does not compress, so that objects left over are seen. */
const ballast = (): Files => ({
  ballast: Buffer.from(Array.from({ length: 1_000_000 }, () => randomInt(256))),
})
