import type { Cause } from '../cause.ts'

export default {
  order: 70,
  looksAt: 'whether the server went back to an earlier release',
  look({ paas, app }) {
    const deploy = app.release === null ? undefined : paas.store.journal.thatReleased(app.id, app.release)
    if (deploy?.kind !== 'go-back' || !deploy.explanation) return []
    const { message, next, lastLines } = deploy.explanation
    return [
      {
        what: `${message} as v${app.release}, since ${deploy.switchedAt?.slice(0, 19)}Z`,
        details: [...lastLines, ...(next === null ? [] : [`-> ${next}`])],
        next: `git push paas:${app.name} ${app.deployBranch ?? 'main'}`,
        facts: { release: `v${app.release}`, at: deploy.switchedAt },
      },
    ]
  },
} satisfies Cause
