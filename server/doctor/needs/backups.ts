import type { Need } from '../need.ts'

export default {
  order: 35,
  title: 'Backups',
  async look({ store }) {
    const schedules = store.backupSchedules.all()
    const [failed] = schedules.filter(({ failure }) => failure !== undefined)
    if (!failed)
      return {
        holds: true,
        saw:
          schedules.length === 0
            ? 'none is scheduled'
            : `${schedules.length} ${schedules.length === 1 ? 'is' : 'are'} scheduled and come about`,
      }
    const service = store.services.byId(failed.serviceId)
    return {
      holds: false,
      saw: `no backup of ${service?.name}: ${failed.failure}`,
      next: `See whether it works now: ${service?.kind}:backup ${service?.name}`,
    }
  },
} satisfies Need
