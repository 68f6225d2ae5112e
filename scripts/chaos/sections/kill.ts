import { UserError } from '../../../server/errors.ts'
import { staticApp } from '../../../test/apps/static.ts'
import { startInstance, type TestInstance, until } from '../../../test/instance.ts'
import { killAfterStep } from '../../../test/kill-after-step.ts'
import { type LoadReport, underLoad } from '../../../test/load.ts'
import { type Orphans, orphansOf } from '../../../test/orphans.ts'
import type { Repository } from '../../../test/repository.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import { failedRequests } from '../failed-requests.ts'
import type { Finding, Section } from '../section.ts'

const app = 'kill'
const host = `${app}.localhost`
const mostRecoveryMs = 10_000

const beforeSwitch = ['released', 'started', 'checked']
const afterSwitch = ['switched', 'ref-moved', 'routed']

/** A kind of job: what begins one, which steps one has, and what it changes. */
type Kind = {
  readonly name: string
  readonly steps: readonly string[]
  /** Brings the app to where the job has something to do; a number that no other has. */
  readonly before?: (lab: Lab, number: number) => Promise<unknown>
  readonly work: (lab: Lab, number: number) => Promise<unknown>
  /** Whether the job has done its work. */
  readonly isDone: (lab: Lab, number: number) => Promise<boolean>
  /** What is half-made although the job has ended; undefined where nothing is. */
  readonly halfMade?: (lab: Lab, number: number, isNew: boolean) => Promise<string | undefined>
  /** Takes the work away, where the next kind would be in its way. */
  readonly after?: (lab: Lab, number: number) => Promise<unknown>
}

type Lab = { readonly paas: TestInstance; readonly repository: Repository }

const allKinds: readonly Kind[] = [
  {
    name: 'push',
    steps: ['received', 'built', ...beforeSwitch, ...afterSwitch],
    before: ({ repository }, number) => repository.commit({ 'www/index.html': `push ${number}` }),
    work: ({ paas, repository }) => repository.push(paas, app),
    isDone: async (lab, number) => (await page(lab)) === `push ${number}`,
  },
  {
    name: 'rebuild',
    steps: ['built', 'released', 'switched'],
    work: ({ paas }) => paas.ssh(`ps:rebuild ${app}`),
    isDone: changesRelease(),
  },
  {
    name: 'config:set',
    steps: [...beforeSwitch, 'switched', 'routed'],
    work: ({ paas }, number) => paas.ssh(`config:set ${app} NUMBER=${number}`),
    isDone: async (lab, number) => (await setting(lab)) === String(number),
  },
  {
    name: 'rollback',
    steps: [...beforeSwitch, 'switched', 'routed'],
    before: ({ paas }, number) => paas.ok(`config:set ${app} NUMBER=of-${number}`),
    work: ({ paas }) => paas.ssh(`rollback ${app}`),
    isDone: async (lab, number) => (await setting(lab)) !== `of-${number}`,
  },
  {
    name: 'restart',
    steps: ['started', 'checked', 'switched', 'routed'],
    work: ({ paas }) => paas.ssh(`ps:restart ${app}`),
    isDone: changesAddress(),
  },
  {
    name: 'scale up',
    steps: ['started', 'checked', 'switched', 'routed'],
    before: ({ paas }) => paas.ok(`scale -a ${app} web=1`),
    work: ({ paas }) => paas.ssh(`scale -a ${app} web=2`),
    isDone: async (lab) => (await ps(lab)).formation.web === 2,
  },
  {
    name: 'scale down',
    steps: ['switched', 'routed'],
    before: ({ paas }) => paas.ok(`scale -a ${app} web=2`),
    work: ({ paas }) => paas.ssh(`scale -a ${app} web=1`),
    isDone: async (lab) => (await ps(lab)).formation.web === 1,
  },
  {
    name: 'domains:add',
    steps: ['switched'],
    work: ({ paas }, number) => paas.ssh(`domains:add -a ${app} d${number}.example.com`),
    isDone: async ({ paas }, number) => (await paas.get(`d${number}.example.com`)).status === 200,
  },
  {
    name: 'rename',
    steps: ['switched'],
    // Its visitors go on asking for the name: a domain of its own keeps it.
    before: ({ paas }, number) => paas.ok(`apps:clone ${app} named${number}`),
    work: ({ paas }, number) => paas.ssh(`apps:rename named${number} renamed${number}`),
    isDone: async ({ paas }, number) => (await paas.get(`renamed${number}.localhost`)).status === 200,
    after: ({ paas }, number) => paas.ok(`destroy -a renamed${number} --force`),
  },
  {
    name: 'mysql:link',
    steps: [...beforeSwitch, 'switched', 'routed'],
    before: ({ paas }, number) => paas.ok(`mysql:create db${number}`),
    work: ({ paas }, number) => paas.ssh(`mysql:link db${number} ${app}`),
    isDone: ({ paas }, number) => isLinked(paas, number),
    after: async ({ paas }, number) => {
      if (await isLinked(paas, number)) await paas.ok(`mysql:unlink db${number} ${app}`)
      await paas.ok(`mysql:destroy db${number} --force`)
    },
  },
  {
    name: 'mysql:unlink',
    steps: [...beforeSwitch, 'switched', 'routed'],
    before: async ({ paas }, number) => {
      await paas.ok(`mysql:create db${number}`)
      await paas.ok(`mysql:link db${number} ${app}`)
    },
    work: ({ paas }, number) => paas.ssh(`mysql:unlink db${number} ${app}`),
    isDone: async ({ paas }, number) => !(await isLinked(paas, number)),
    after: async ({ paas }, number) => {
      if (await isLinked(paas, number)) await paas.ok(`mysql:unlink db${number} ${app}`)
      await paas.ok(`mysql:destroy db${number} --force`)
    },
  },
  {
    name: 'clone',
    steps: ['built', ...beforeSwitch, 'switched', 'routed'],
    work: ({ paas }, number) => paas.ssh(`apps:clone ${app} clone${number}`),
    isDone: async ({ paas }, number) => (await paas.get(`clone${number}.localhost`)).status === 200,
    halfMade: async ({ paas }, number, isNew) => {
      const exists = (await paas.ssh(`apps:exists clone${number}`)).exitCode === 0
      return exists && !isNew ? 'the clone is there without a release' : undefined
    },
    after: ({ paas }, number) => paas.ssh(`destroy -a clone${number} --force`),
  },
  {
    name: 'stop',
    steps: ['switched', 'routed'],
    before: ({ paas }, number) => paas.ok(`apps:clone ${app} stop${number}`),
    work: ({ paas }, number) => paas.ssh(`ps:stop stop${number}`),
    isDone: async ({ paas }, number) => (await paas.get(`stop${number}.localhost`)).status === 503,
    after: ({ paas }, number) => paas.ok(`destroy -a stop${number} --force`),
  },
  {
    name: 'start',
    steps: ['started', 'checked', 'switched', 'routed'],
    before: async ({ paas }, number) => {
      await paas.ok(`apps:clone ${app} start${number}`)
      await paas.ok(`ps:stop start${number}`)
    },
    work: ({ paas }, number) => paas.ssh(`ps:start start${number}`),
    isDone: async ({ paas }, number) => (await paas.get(`start${number}.localhost`)).status === 200,
    after: ({ paas }, number) => paas.ok(`destroy -a start${number} --force`),
  },
  {
    name: 'destroy',
    steps: ['switched'],
    before: ({ paas }, number) => paas.ok(`apps:clone ${app} gone${number}`),
    work: ({ paas }, number) => paas.ssh(`destroy -a gone${number} --force`),
    isDone: async ({ paas }, number) => (await paas.ssh(`apps:exists gone${number}`)).exitCode !== 0,
  },
]

export default {
  summary: 'the server is killed after each step of each kind of job, under load',
  async run() {
    await using paas = await startInstance({ MYSQL_URL: '' })
    using repository = await deployApp(paas, app, staticApp('first'))
    await until('MariaDB answers', async () => (await paas.ssh('mysql:create ready')).exitCode === 0)
    const lab = { paas, repository }
    const kills: Kill[] = []
    for (const kind of chosenKinds()) {
      for (const step of kind.steps) {
        const kill = await killOnce(lab, kind, step, kills.length + 1)
        kills.push(kill)
        say.detail(
          `${kind.name} after "${step}": ${kill.problem ?? (kill.isNew ? 'new' : 'old')}, usable after ${kill.recoveryMs.toFixed(0)} ms, ${failedRequests(kill.report)} of ${kill.report.done} requests failed`,
        )
      }
    }
    const orphans = await leftOver(paas)
    return findingsOf(kills, orphans)
  },
} satisfies Section

/** Those that KINDS names, with a comma between them; all without. */
function chosenKinds(): readonly Kind[] {
  const named = process.env.KINDS?.split(',')
  const unknown = named?.find((name) => !allKinds.some((kind) => kind.name === name))
  if (unknown !== undefined) {
    throw new UserError(`There is no kind of job "${unknown}"`, {
      next: `There are: ${allKinds.map(({ name }) => name).join(', ')}`,
    })
  }
  return allKinds.filter(({ name }) => named?.includes(name) ?? true)
}

type Kill = {
  readonly recoveryMs: number
  readonly isNew: boolean
  /** Neither old nor new, or not usable. */
  readonly problem: string | undefined
  readonly report: LoadReport
}

async function killOnce(lab: Lab, kind: Kind, step: string, number: number): Promise<Kill> {
  await kind.before?.(lab, number)
  const switched = afterSwitch.includes(step)
  let recoveryMs = 0
  let isNew = false
  const report = await underLoad(lab.paas, { host, perSecond: 20 }, async () => {
    // What tells old from new may have to be seen before.
    await kind.isDone(lab, number)
    recoveryMs = await killAfterStep(lab.paas, step, () => kind.work(lab, number))
    const started = performance.now()
    await until(
      'the job has ended, as old or as new',
      async () => {
        isNew = await kind.isDone(lab, number)
        return isNew === switched && (await jobsHaveEnded(lab.paas))
      },
      mostRecoveryMs,
    ).catch(() => {})
    await lab.paas.ssh(`config:set ${app} USABLE=${number} --no-restart`)
    recoveryMs += performance.now() - started
  })
  const halfMade = await kind.halfMade?.(lab, number, isNew)
  await kind.after?.(lab, number)
  const wrong = `${kind.name} is ${isNew ? 'new' : 'old'} where it had ${switched ? '' : 'not '}switched`
  const problem = isNew === switched ? halfMade : wrong
  return { recoveryMs, isNew, problem, report }
}

function findingsOf(kills: readonly Kill[], orphans: Orphans): readonly Finding[] {
  const problems = kills.flatMap(({ problem }) => problem ?? [])
  const failed = failedRequests(...kills.map(({ report }) => report))
  const asked = kills.reduce((sum, { report }) => sum + report.done, failed)
  const slowest = Math.max(...kills.map(({ recoveryMs }) => recoveryMs))
  const left = Object.values(orphans).flat()
  const counted = Object.entries(orphans).map(([kind, each]) => `${each.length} ${kind}`)
  return [
    {
      row: '30',
      promise: 'killed anywhere, a job ends as old or new',
      measured: `${problems.length} of ${kills.length} kills ended as neither${problems.map((each) => `; ${each}`).join('')}`,
      holds: problems.length === 0,
    },
    {
      row: '30',
      promise: 'no request fails',
      measured: `${failed} of ${asked} failed`,
      holds: failed === 0,
    },
    {
      row: '30',
      promise: 'usable within 10 s',
      measured: `at most ${(slowest / 1000).toFixed(1)} s`,
      holds: slowest <= mostRecoveryMs,
    },
    { row: '30', promise: 'nothing is left over', measured: counted.join(', '), holds: left.length === 0 },
  ]
}

/** What is there after old containers and users of databases had their time to go. */
async function leftOver(paas: TestInstance): Promise<Orphans> {
  let orphans = await orphansOf(paas)
  await until(
    'nothing is left over',
    async () => {
      orphans = await orphansOf(paas)
      return Object.values(orphans).flat().length === 0
    },
    60_000,
  ).catch(() => say.trouble(`Left over: ${JSON.stringify(orphans)}`))
  return orphans
}

async function jobsHaveEnded(paas: TestInstance): Promise<boolean> {
  const deploys = JSON.parse(await paas.ok('deploys --json -n 5')) as { endedAt: string | null }[]
  return deploys.every(({ endedAt }) => endedAt !== null)
}

const page = async ({ paas }: Lab): Promise<string> => (await paas.get(host)).body.trim()

/** What the running container has; undefined too where config says another thing. */
async function setting({ paas }: Lab): Promise<string | undefined> {
  const environment = (await paas.get(host, '/cgi-bin/environment')).body
  const runs = /(?:^|\0)NUMBER=([^\0]*)/.exec(environment)?.[1]
  const said = await paas.ssh(`config:get NUMBER -a ${app}`)
  return said.exitCode === 0 && said.stdout.trim() === runs ? runs : undefined
}

type Ps = {
  readonly release: string
  readonly formation: Readonly<Record<string, number>>
  readonly containers: readonly {
    readonly process: string
    readonly state: string
    readonly address: string
  }[]
}

const ps = async ({ paas }: Lab): Promise<Ps> => JSON.parse(await paas.ok(`ps ${app} --json`)) as Ps

async function isLinked(paas: TestInstance, number: number): Promise<boolean> {
  const links = JSON.parse(await paas.ok(`mysql:links ${app} --json`)) as { name: string }[]
  return links.some(({ name }) => name === `db${number}`)
}

/** Done once the release is not the one that it was when first asked with this number. */
function changesRelease(): Kind['isDone'] {
  return changes(async (lab) => (await ps(lab)).release)
}

/** Done once another container serves than when first asked with this number. */
function changesAddress(): Kind['isDone'] {
  return changes(async (lab) => {
    const running = (await ps(lab)).containers.filter(({ state }) => state === 'running')
    return running.map(({ address }) => address).join()
  })
}

function changes(look: (lab: Lab) => Promise<string>): Kind['isDone'] {
  const first = new Map<number, string>()
  return async (lab, number) => {
    const now = await look(lab)
    if (!first.has(number)) first.set(number, now)
    return now !== first.get(number)
  }
}
