import { apiAddress } from '../api/api-address.ts'
import type { Command } from '../command.ts'
import { durationText } from '../command-line/duration.ts'
import { sizeText } from '../command-line/size.ts'
import { freeSpace } from '../disk/free-space.ts'
import { ownVersion } from '../version.ts'

export default {
  summary: 'Show what the server is: version, addresses, machine, numbers of apps and containers',
  right: 'admin',
  reads: true,
  app: 'none',
  examples: ['report', 'report --json'],
  async run({ paas, out, signal }) {
    const { settings, store } = paas
    const [machine, disks] = await Promise.all([paas.engine.machine({ signal }), freeSpace(paas)])
    const facts = {
      version: ownVersion(),
      node: process.version,
      docker: machine.version,
      instance: store.instanceId,
      home: settings.home,
      domain: settings.domain,
      ssh: `${settings.sshHost}:${settings.sshPort}`,
      http: `${settings.httpHost}:${settings.httpPort}`,
      https: `${settings.httpHost}:${settings.httpsPort}`,
      api: apiAddress(settings)?.url ?? null,
      upMs: Math.round(process.uptime() * 1000),
      cpus: machine.cpus,
      memoryBytes: machine.memoryBytes,
      serverMemoryBytes: process.memoryUsage.rss(),
      apps: store.apps.list().length,
      containers: store.containers.all().filter(({ state }) => state === 'live').length,
      disks: disks.map(({ what, freeBytes, totalBytes }) => ({ what, freeBytes, totalBytes })),
    }
    out.result(facts, () => {
      const { upMs, memoryBytes, serverMemoryBytes, disks: all, ...rest } = facts
      out.table(
        ['Fact', 'Value'],
        [
          ...Object.entries(rest).map(([name, value]) => [name, String(value ?? 'off')]),
          ['up', durationText(upMs)],
          ['memory', sizeText(memoryBytes)],
          ["server's memory", sizeText(serverMemoryBytes)],
          ...all.map(({ what, freeBytes, totalBytes }) => [
            `disk of ${what}`,
            `${sizeText(freeBytes)} of ${sizeText(totalBytes)} free`,
          ]),
        ],
      )
    })
  },
} satisfies Command
