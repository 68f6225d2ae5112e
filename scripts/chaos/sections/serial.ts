import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, type TestInstance } from '../../../test/instance.ts'
import { underLoad } from '../../../test/load.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { failedRequests } from '../failed-requests.ts'
import type { Section } from '../section.ts'

const app = 'serial'
const host = `${app}.localhost`
const clients = 12

export default {
  summary: `${clients} clients change one app at once`,
  async run() {
    await using paas = await startInstance()
    using repository = await deployApp(paas, app, staticApp('first'))
    await repository.commit({ 'www/index.html': 'second' })
    const names = Array.from({ length: clients }, (_, index) => `CLIENT_${index}`)
    const problems: string[] = []
    const report = await underLoad(paas, { host, perSecond: 20 }, async () => {
      const [push, ...sets] = await Promise.all([
        repository.push(paas, app),
        ...names.map((name) => paas.ssh(`config:set -a ${app} ${name}=1 SHARED=${name}`)),
      ])
      if (push.exitCode !== 0) problems.push('the push was refused')
      const refused = sets.filter((set) => set.exitCode !== 0).length
      if (refused > 0) problems.push(`${refused} config:set were refused`)
    })
    say.detail('all have ended; looking for an order that explains it')
    problems.push(...(await unexplained(paas, names)))
    if ((await paas.get(host)).body !== 'second') problems.push('the push is not what serves')
    const next = await paas.ssh(`config:set -a ${app} NEXT=1`)
    if (next.exitCode !== 0) problems.push('the app is stuck')
    const failed = failedRequests(report)
    return [
      {
        row: '42',
        promise: 'many pushes and commands on one app at once: some serial order explains all, none is stuck',
        measured: `${clients + 1} at once: ${problems.length === 0 ? 'explained' : problems.join('; ')}; ${failed} failed requests`,
        holds: problems.length === 0 && failed === 0,
      },
    ]
  },
} satisfies Section

/** In a serial order each release has all that the one before it had and one client's change more; the last one's value stays. */
async function unexplained(paas: TestInstance, names: readonly string[]): Promise<readonly string[]> {
  const releases = JSON.parse(await paas.ok(`releases -a ${app} -n 100 --json`)) as { version: string }[]
  const problems: string[] = []
  let before: readonly string[] = []
  let last = ''
  for (const { version } of releases.toReversed()) {
    const info = JSON.parse(await paas.ok(`releases:info ${version} -a ${app} --json`)) as {
      config: string[]
    }
    const now = info.config.filter((name) => names.includes(name))
    const added = now.filter((name) => !before.includes(name))
    if (before.some((name) => !now.includes(name))) problems.push(`${version} has lost a change`)
    if (added.length > 1) problems.push(`${version} has ${added.length} changes at once`)
    last = added[0] ?? last
    before = now
  }
  if (before.length !== names.length) problems.push(`${names.length - before.length} changes are missing`)
  const shared = (await paas.ok(`config:get SHARED -a ${app}`)).trim()
  if (shared !== last) problems.push(`SHARED is ${shared}, but ${last} came last`)
  return problems
}
