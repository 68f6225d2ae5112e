import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../test/free-port.ts'
import { route } from '../../../test/router/publish.ts'
import { median } from '../../bench/pairs.ts'
import type { Finding, Section } from '../../chaos/section.ts'
import { say } from '../../say.ts'
import { cores, startMachine, wayOf } from '../machine.ts'
import { startNginx } from '../nginx.ts'
import { peerConfiguration } from '../peer.ts'
import { type Sample, sliced } from '../sliced.ts'

const hosts = Array.from({ length: 100 }, (_, index) => `host${index}.test`)

export default {
  summary: 'requests a second and CPU a request, beside nginx with equal duties, on one processor',
  async run() {
    await using machine = await startMachine()
    const { router, origin } = machine
    await router.publish({ app: route(hosts, [origin]) })
    const folder = join(machine.folder, 'peer')
    await mkdir(folder, { recursive: true })
    const port = await freePort()
    await using nginx = await startNginx({
      folder,
      core: cores.router,
      port,
      http: await peerConfiguration({ folder, port, origin, hosts }),
    })
    const host = 'host77.test'
    const ways = { ours: await wayOf(router, host), nginx: { port, host, pids: [nginx.pid] } }
    const findings: Finding[] = []
    for (const connections of [32, 256]) {
      say.detail(`${connections} connections`)
      const { ours, nginx: theirs } = await sliced(ways, { core: cores.load, connections, seconds: 2 })
      findings.push(...compared(`${connections} connections`, ours, theirs))
    }
    return findings
  },
} satisfies Section

function compared(row: string, ours: readonly Sample[], theirs: readonly Sample[]): readonly Finding[] {
  const of = (samples: readonly Sample[], key: keyof Sample): number =>
    median(samples.map((sample) => sample[key]))
  const both = (key: keyof Sample, digits: number): string =>
    `${of(ours, key).toFixed(digits)} beside ${of(theirs, key).toFixed(digits)}`
  const rate = of(ours, 'perSecond') / of(theirs, 'perSecond')
  const cpu = of(ours, 'cpuPerRequest') / of(theirs, 'cpuPerRequest')
  return [
    {
      row,
      promise: 'at least 0.85 of the rate of nginx',
      measured: `${rate.toFixed(2)}: ${both('perSecond', 0)} a second`,
      holds: rate >= 0.85,
    },
    {
      row,
      promise: 'at most 1.25 times its CPU a request, HAProxy and router together',
      measured: `${cpu.toFixed(2)}: ${both('cpuPerRequest', 1)} us; HAProxy alone ${of(ours, 'cpuOfFirst').toFixed(1)}`,
      holds: cpu <= 1.25,
    },
    {
      row,
      promise: 'for information: p50, p99',
      measured: `${both('p50Ms', 2)} ms, ${both('p99Ms', 2)} ms`,
      holds: true,
    },
  ]
}
