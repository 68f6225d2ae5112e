import type { Command } from '../../../command.ts'
import { parseKeep } from '../../../command-line/keep.ts'
import { UsageError } from '../../../errors.ts'
import { ownedService } from '../../../services/access.ts'
import type { BackupSchedule } from '../../../state/backup-schedules.ts'

const schedules = { hourly: 'hour', daily: 'day', weekly: 'week' } as const

export default {
  summary: 'Have a database backed up by itself, and the newest of these backups kept',
  right: 'anyone',
  plans: true,
  app: 'none',
  arguments: [
    { name: 'NAME', audit: 'whole', required: true },
    { name: 'hourly|daily|weekly|off', audit: 'whole', required: true },
  ],
  flags: { keep: { value: 'N', audit: 'whole', summary: 'How many stay, 2 to 100; without: 7' } },
  examples: ['mysql:backups:schedule blog daily', 'mysql:backups:schedule blog hourly --keep 24'],
  async run(call) {
    const { paas, words, flags, out } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    const { backupSchedules } = paas.store
    const before = backupSchedules.of(service.id)
    if (words[1] === 'off') {
      call.planned(() => [`schedule of ${service.name}: ${inWords(before)} -> never; its backups stay`])
      backupSchedules.delete(service.id)
      return out.result({ name: service.name, every: null }, () =>
        out.step(`${service.name} is not backed up by itself any more; its backups stay`),
      )
    }
    const every = Object.entries(schedules).find(([word]) => word === words[1])?.[1]
    const keep = parseKeep(flags.value('keep') ?? '7')
    if (every === undefined || keep === undefined)
      throw new UsageError(
        every === undefined
          ? `"${words[1]?.slice(0, 40)}" is no schedule`
          : '--keep is not a whole number from 2 to 100',
        { next: `For instance: mysql:backups:schedule ${service.name} daily --keep 7` },
      )
    const schedule = { serviceId: service.id, every, keep, nextAt: Date.now(), failure: undefined }
    call.planned(() => [`schedule of ${service.name}: ${inWords(before)} -> ${inWords(schedule)}`])
    backupSchedules.set(schedule)
    out.result({ name: service.name, every, keep }, () => {
      out.step(`${service.name} is backed up ${inWords(schedule)}; the first one is made now`)
      out.detail(`See them, and whether they come about: mysql:backups ${service.name}`)
    })
  },
} satisfies Command

const inWords = (schedule: BackupSchedule | undefined): string =>
  schedule ? `every ${schedule.every}, ${schedule.keep} kept` : 'never'
