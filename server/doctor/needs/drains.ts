import { shownDrain } from '../../drains/drain-address.ts'
import type { Need } from '../need.ts'

export default {
  order: 85,
  title: 'Log drains',
  async look({ store, drains }) {
    const all = store.drains.all()
    const failing = all.flatMap((drain) => {
      const error = drains.stateOf(drain.id)?.error ?? null
      return error === null ? [] : [{ drain, error }]
    })
    const [first] = failing
    if (!first)
      return { holds: true, saw: all.length === 0 ? 'there are none' : `all ${all.length} take lines` }
    const { appId } = first.drain
    const app = appId === null ? '--global' : store.apps.byId(appId).name
    return {
      holds: false,
      saw: `${failing.length} of ${all.length} fail; ${shownDrain(first.drain.url)} of ${appId === null ? 'every app' : app}: ${first.error}`,
      next: `drains ${app}; what leads nowhere: drains:remove ${app} ${first.drain.id}`,
    }
  },
} satisfies Need
