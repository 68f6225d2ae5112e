import type { Paas } from '../paas.ts'
import type { DeployKind, DeployRecord, Outcome } from '../state/journal.ts'

/** `ending`: it has its outcome, and something of it is still being cleaned up. */
export type DeployState = 'waiting' | 'running' | 'ending' | Outcome

/** A deploy as commands tell of it. */
export type DeployFacts = {
  readonly number: number
  readonly app: string
  readonly kind: DeployKind
  readonly who: string
  readonly state: DeployState
  /** The last step that is done, or whom it waits for. */
  readonly doing: string
  readonly since: string
  readonly endedAt: string | null
  /** What was pushed, or what its release was built from. */
  readonly commit: string | null
  /** What it made. */
  readonly release: string | null
  readonly message: string | null
}

export function deployFacts(paas: Paas, record: DeployRecord): DeployFacts {
  const job = paas.jobs.find(record.id)
  const holder = job?.waitsFor
  const app = paas.store.apps.exists(record.appId) ? paas.store.apps.byId(record.appId) : undefined
  const release =
    record.switched && record.version !== null
      ? paas.store.releases.find(record.appId, record.version)
      : undefined
  return {
    number: record.id,
    app: app?.name ?? record.appId,
    kind: record.kind,
    who: record.who,
    state: job ? (job.hasBegun ? 'running' : 'waiting') : (record.outcome ?? 'ending'),
    doing: holder ? `for ${holder.who} (${holder.what})` : record.step,
    since: record.startedAt,
    endedAt: record.endedAt,
    commit: record.ref?.to ?? release?.commit ?? null,
    release: release ? `v${release.version}` : null,
    message: record.explanation?.message ?? record.message,
  }
}
