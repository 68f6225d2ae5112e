import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bridgeName } from '../../deploy/network.ts'
import { describe } from '../../errors.ts'
import type { Exposure } from '../../state/exposures.ts'
import type { Link } from '../../state/links.ts'
import { loadRules } from '../../walls/nft.ts'

export type Gate = {
  readonly home: string
  readonly instanceId: string
  readonly port: number
  readonly log: (line: string) => void
}

/**
 * Closes the embedded server's port to all but the host itself and the networks of `links` and `exposures`, in an
 * nftables table of our own, as a whole or not at all. Each rule names the port: nothing else of the machine is touched.
 * Without root or nft it says so in the log: then the host part of each user is what keeps others out.
 */
export async function closeGate(
  gate: Gate,
  links: readonly Link[],
  exposures: readonly Exposure[] = [],
): Promise<void> {
  const table = `inet paas-${gate.instanceId}-mysql`
  const doors = new Set(
    links.map((link) => `iifname "${bridgeName(link.appId)}" ip saddr ${link.subnet} accept`),
  )
  // "Anywhere" is not the apps and builds of this machine.
  const outside =
    exposures.length === 0
      ? []
      : [
          ...['paas-*', 'docker0'].map((bridge) => `iifname "${bridge}" drop`),
          ...exposures.map(({ source }) => `ip saddr ${source} accept`),
        ]
  const rules = [
    `add table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    ...['iifname "lo" accept', ...doors, ...outside, 'drop'].map(
      (rule) => `    tcp dport ${gate.port} ${rule}`,
    ),
    '  }',
    '}',
    '',
  ].join('\n')
  try {
    await loadRules(rules)
  } catch (error) {
    gate.log(
      `MySQL's port ${gate.port} is not closed by nftables, only by its users' networks: ${describe(error)}`,
    )
    return
  }
  // For `make down`, which cannot read the state store.
  writeFileSync(join(gate.home, 'run', 'mysql.nft'), `${table}\n`)
}
