import { setTimeout as wait } from 'node:timers/promises'
import { describe } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { BackupSchedule } from '../state/backup-schedules.ts'
import type { Service } from '../state/services.ts'
import { backUp } from './back-up.ts'
import { Backups } from './backups.ts'

const hourMs = 60 * 60 * 1000
const everyMs = { hour: hourMs, day: 24 * hourMs, week: 7 * 24 * hourMs }
/** What does not depend on the schedule: a disk that is full, a server that is down. */
const retryMs = hourMs / 6
const lookMs = 2_000

/** Makes the backups that schedules ask for, one after the other, until the server closes. */
export async function backUpBySchedule(paas: Paas): Promise<void> {
  const { store, closing } = paas
  while (!closing.aborted) {
    for (const schedule of store.backupSchedules.all().filter(({ nextAt }) => nextAt <= Date.now())) {
      const service = store.services.byId(schedule.serviceId)
      if (!closing.aborted && service?.state === 'ready') await backUpOnce(paas, service, schedule)
    }
    await wait(lookMs, undefined, { signal: closing, ref: false }).catch(() => {})
  }
}

async function backUpOnce(paas: Paas, service: Service, schedule: BackupSchedule): Promise<void> {
  const { store, closing, settings } = paas
  try {
    await backUp(paas, service, { signal: closing, bySchedule: true })
    await new Backups(settings.home, service).trim(schedule.keep)
    store.backupSchedules.record(service.id, {
      nextAt: Date.now() + everyMs[schedule.every],
      failure: undefined,
    })
  } catch (error) {
    if (closing.aborted) return
    const failure = describe(error)
    store.backupSchedules.record(service.id, { nextAt: Date.now() + retryMs, failure })
    paas.log(`Backup of ${service.name}: ${failure}`)
    // Once, not at each try: `doctor` and `mysql:backups` say it for as long as it lasts.
    if (schedule.failure === undefined)
      paas.events.record({
        type: 'backup-failed',
        who: 'paas',
        message: `No backup of ${service.name}: ${failure}`,
        facts: { service: service.name },
      })
  }
}
