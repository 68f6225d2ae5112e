import { shownDrain } from '../../drains/drain-address.ts'
import type { Cause } from '../cause.ts'

export default {
  order: 96,
  looksAt: 'whether its log drains take lines',
  look({ paas, app }) {
    return paas.store.drains.of(app.id).flatMap(({ id, url }) => {
      const { error = null, waiting = 0 } = paas.drains.stateOf(id) ?? {}
      if (error === null) return []
      return [
        {
          what: `The log drain ${id} (${shownDrain(url)}) takes nothing: ${error}; ${waiting} lines wait`,
          next: `drains ${app.name}`,
          facts: { drain: id, error, waiting },
        },
      ]
    })
  },
} satisfies Cause
