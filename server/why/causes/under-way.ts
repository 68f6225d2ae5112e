import { deployFacts } from '../../deploy/deploy-facts.ts'
import type { Cause } from '../cause.ts'

export default {
  order: 85,
  looksAt: 'which deploys are under way',
  look({ paas, app }) {
    return paas.jobs.of(app.id).flatMap(({ id }) => {
      const record = paas.store.journal.find(id)
      if (!record) return []
      const { number, kind, who, state, doing, since } = deployFacts(paas, record)
      const words = state === 'waiting' ? `waits ${doing}` : `is under way, after the step "${doing}"`
      return [
        {
          what: `Deploy ${number} (${kind} by ${who}, since ${since.slice(0, 19)}Z) ${words}`,
          next: `deploys:attach ${number}`,
          facts: { number, kind, who, state, doing, since },
        },
      ]
    })
  },
} satisfies Cause
