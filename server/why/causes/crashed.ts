import { moreMemory } from '../../checks/more-memory.ts'
import { placeOf } from '../../checks/subject.ts'
import type { Cause, Finding } from '../cause.ts'

/** So long ago what has been well since then is no news. */
const recentMs = 10 * 60_000

export default {
  order: 40,
  looksAt: 'whether processes crashed',
  look: ({ paas, app, live }) =>
    live.flatMap((container): Finding[] => {
      const { lastEnd, crashed, restarts, name } = container
      const place = placeOf(container)
      const isUp = paas.proved.has(name)
      if (!lastEnd && !isUp && !crashed)
        return [{ what: `${place} is being started`, next: `logs ${app.name} -p ${place}` }]
      if (!lastEnd || (isUp && Date.now() - Date.parse(lastEnd.at) > recentMs)) return []
      const times = restarts > 1 ? `, ${restarts} times in a row` : ''
      const now = crashed ? 'it is not started again' : isUp ? 'it runs again' : 'it is being started again'
      return [
        {
          what: `${place} ${lastEnd.how}${times}; ${now} (last at ${lastEnd.at.slice(0, 19)}Z)`,
          details: lastEnd.lastLines,
          next: lastEnd.oomKilled
            ? moreMemory(paas, container)
            : isUp || !crashed
              ? `logs ${app.name} -p ${place}`
              : `ps:restart ${app.name}`,
          facts: {
            process: place,
            exitCode: lastEnd.code,
            outOfMemory: lastEnd.oomKilled,
            at: lastEnd.at,
            restarts,
            state: crashed ? 'crashed' : isUp ? 'running' : 'starting',
          },
        },
      ]
    }),
} satisfies Cause
