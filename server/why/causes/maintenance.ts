import type { Cause } from '../cause.ts'

export default {
  order: 5,
  looksAt: 'whether it is in maintenance',
  look: ({ paas, app }) => {
    const { since } = paas.store.maintenance.of(app.id)
    return since === null
      ? []
      : [
          {
            what: `${app.name} is in maintenance since ${since}; its domains answer with 503`,
            next: `maintenance:off ${app.name}`,
          },
        ]
  },
} satisfies Cause
