import { readFileSync } from 'node:fs'
import { appliedChannel } from '../../../router/contract.ts'
import { startRouter } from '../../../test/router/harness.ts'
import { route } from '../../../test/router/publish.ts'
import { median } from '../../bench/pairs.ts'
import type { Section } from '../../chaos/section.ts'
import { say } from '../../say.ts'
import { cores, type Router, startMachine, wayOf } from '../machine.ts'
import { sliced } from '../sliced.ts'

const apps = 1_000
const domainsOfEach = 10
const changes = 9

export default {
  summary: `${apps * domainsOfEach} domains of ${apps} apps: rate, memory, and how long a change takes`,
  async run() {
    await using machine = await startMachine()
    const { router: small, origin } = machine
    await small.publish({ app: route(['host.test'], [origin]) })
    await using large = await startRouter()
    const hostsOf = (app: number): string[] =>
      Array.from({ length: domainsOfEach }, (_, index) => `d${index}.app${app}.test`)
    say.detail('publishing them')
    await large.publish(
      Object.fromEntries(
        Array.from({ length: apps }, (_, app) => [`app${app}`, route(hostsOf(app), [origin])]),
      ),
    )
    const host = 'd7.app777.test'
    const ways = { small: await wayOf(small, 'host.test'), large: await wayOf(large, host) }
    const samples = await sliced(ways, { core: cores.load, connections: 32, seconds: 2 })
    const rate = (name: keyof typeof ways): number => median(samples[name].map(({ perSecond }) => perSecond))
    const megabytes = ways.large.pids.reduce((sum, pid) => sum + residentMegabytes(pid), 0)
    const took: number[] = []
    for (let change = 0; change < changes; change++)
      took.push(
        await applied(large, () => large.publisher.publish({ app5: route(hostsOf(5), [origin], change) })),
      )
    const ratio = rate('large') / rate('small')
    return [
      {
        row: 'size',
        promise: 'at least 0.95 of the rate with one app',
        measured: `${ratio.toFixed(2)}: ${rate('large').toFixed(0)} beside ${rate('small').toFixed(0)} a second`,
        holds: ratio >= 0.95,
      },
      {
        row: 'size',
        promise: 'HAProxy and router take at most 150 MB, all that is resident',
        measured: `${megabytes.toFixed(0)} MB`,
        holds: megabytes <= 150,
      },
      {
        row: 'size',
        promise: 'a change is applied within 20 ms',
        measured: `${median(took).toFixed(1)} ms (${Math.min(...took).toFixed(1)}..${Math.max(...took).toFixed(1)})`,
        holds: median(took) <= 20,
      },
    ]
  },
} satisfies Section

function residentMegabytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** Milliseconds from before the change is written to the router's word that it serves it. */
async function applied(router: Router, change: () => Promise<number>): Promise<number> {
  const heard = router.redis.duplicate()
  await heard.subscribe(appliedChannel)
  const seen: { readonly generation: number; readonly at: number }[] = []
  const told = Promise.withResolvers<void>()
  heard.on('message', (_channel: string, text: string) => {
    seen.push({ generation: Number(text.split(' ')[1]), at: performance.now() })
    told.resolve()
  })
  const started = performance.now()
  const generation = await change()
  await router.acknowledged(generation)
  await told.promise
  heard.disconnect()
  const at = seen.find((each) => each.generation >= generation)?.at ?? performance.now()
  return at - started
}
