import type { Paas } from '../paas.ts'
import type { Check, Probe } from './check.ts'
import { command } from './probes/command.ts'
import { http } from './probes/http.ts'
import { listening } from './probes/listening.ts'
import { uptime } from './probes/uptime.ts'
import type { Subject } from './subject.ts'

/** What came of asking once. */
export type ProbeResult = {
  readonly passed: boolean
  /** It was there, whatever it said. */
  readonly answered: boolean
  /** `status 503: no database` */
  readonly saw: string
}

/** Asks once. A part that is down throws; a container that does not answer is a result. */
export type ProbeRun<Kind extends Probe['kind']> = (
  paas: Paas,
  subject: Subject,
  probe: Extract<Probe, { kind: Kind }>,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<ProbeResult>

const probes: { readonly [Kind in Probe['kind']]: ProbeRun<Kind> } = { http, command, listening, uptime }

/** Asks a container once what `check` asks; `timeoutMs` at most. Throws `UnavailableError` where Docker is down. */
export function runProbe(
  paas: Paas,
  subject: Subject,
  check: Check,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<ProbeResult> {
  const run = probes[check.probe.kind] as ProbeRun<Probe['kind']>
  return run(paas, subject, check.probe as never, options)
}
