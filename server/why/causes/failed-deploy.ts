import type { DeployRecord } from '../../state/journal.ts'
import type { Cause } from '../cause.ts'

const newest = 20

export default {
  order: 80,
  looksAt: 'how the last deploy ended',
  look({ paas, app }) {
    const last = paas.store.journal.of(app.id, newest).find((deploy) => counts(deploy))
    if (last?.outcome !== 'failed') return []
    const { kind, who, endedAt, explanation, message } = last
    const next =
      kind === 'push' ? `git push paas:${app.name} ${app.deployBranch ?? 'main'}` : `releases ${app.name}`
    return [
      {
        what: `The last deploy (${kind} by ${who}, ${endedAt?.slice(0, 19)}Z) failed: ${explanation?.message ?? message}`,
        details: [
          ...(explanation?.lastLines ?? []),
          ...(explanation?.next == null ? [] : [`-> ${explanation.next}`]),
        ],
        next,
        facts: { kind, who, at: endedAt, message: explanation?.message ?? message },
      },
    ]
  },
} satisfies Cause

/** What has changed what runs, or failed to; a domain that was refused says nothing about the app. */
const counts = ({ kind, outcome }: DeployRecord): boolean =>
  (outcome === 'succeeded' || outcome === 'failed') &&
  !['rename', 'domains', 'destroy', 'stop'].includes(kind)
