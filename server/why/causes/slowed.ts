import { placeOf } from '../../checks/subject.ts'
import type { Cause, Finding } from '../cause.ts'

export default {
  order: 45,
  looksAt: 'whether processes are slowed down for what they do to others',
  look: ({ paas, app, live }) =>
    live.flatMap((container): Finding[] => {
      const reason = paas.brakes.reason(container.name)
      if (reason === undefined) return []
      const place = placeOf(container)
      return [
        {
          what: `${place} ${reason}: it is slowed down until it is calm`,
          next: `logs ${app.name} -p ${place}`,
          facts: { process: place },
        },
      ]
    }),
} satisfies Cause
