import type { Output } from '../output.ts'
import type { Paas } from '../paas.ts'
import type { DeployRecord } from '../state/journal.ts'

/** Shows what a deploy has printed so far; says so where nothing of it is kept. */
export function printKept(paas: Paas, deploy: DeployRecord, out: Output): void {
  const lines = paas.outputs.read(deploy)
  out.result({ deploy: deploy.id, outcome: deploy.outcome, lines }, () => {
    if (lines.length === 0)
      out.trouble(`Nothing of deploy ${deploy.id} is kept: it printed nothing or is old`)
    for (const { text } of lines) out.line(text)
  })
}
