import { placeOf } from '../../checks/subject.ts'
import type { Cause } from '../cause.ts'

export default {
  order: 60,
  looksAt: 'whether readiness checks fail',
  look: ({ paas, app, live }) =>
    live.flatMap((container) => {
      const why = paas.unready.get(container.name)
      if (why === undefined) return []
      const place = placeOf(container)
      return [
        {
          what: `${place} is out of the routes, its readiness check fails: ${why}`,
          next: `checks:run ${app.name}`,
          facts: { process: place, why },
        },
      ]
    }),
} satisfies Cause
