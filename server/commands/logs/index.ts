import type { Command } from '../../command.ts'
import { EndedByServerError, UsageError } from '../../errors.ts'
import { type AppLogOptions, appHistory, followApp } from '../../logs/app-log.ts'
import { formatLogEntry, type LogEntry } from '../../logs/log-entry.ts'
import { readerFollows } from '../../reader-follows.ts'
import { parseVersion } from '../../version.ts'

export default {
  summary: "Show an app's log, also as it grows",
  right: 'view',
  app: 'required',
  flags: {
    tail: { short: 't', summary: 'Go on as lines come' },
    num: { short: 'n', value: 'N', summary: 'How many lines; 100 without' },
    ps: { short: 'p', value: 'TYPE', summary: 'Only this process type or container: web, web.1' },
    source: { short: 's', value: 'SOURCE', summary: 'Only app, router or build; app and router without' },
    since: { value: 'TIME', summary: 'Only the last 10m, 2h, 1d; or from an RFC 3339 time on' },
    release: { value: 'vN', summary: 'Only this release' },
  },
  examples: ['logs blog -t', 'logs blog -n 500 -p web', 'logs --since 10m', 'logs -s build'],
  async run(call) {
    const { paas, app, flags, out, signal } = call
    const options = readOptions(flags)
    const { entries, places } = await appHistory(paas, app, options)
    if (!flags.has('tail')) {
      out.result(entries, () => {
        for (const entry of entries) out.line(formatLogEntry(entry))
      })
      return
    }
    const write = async (entry: LogEntry): Promise<void> => {
      out.item(entry, () => out.line(formatLogEntry(entry)))
      // A reader that is slow leaves lines in the log, not in our memory.
      await readerFollows(call)
    }
    try {
      for (const entry of entries) await write(entry)
      for await (const entry of followApp(paas, app, options, places, signal)) await write(entry)
    } catch (error) {
      if (!signal.aborted) throw error
    }
    // Whoever leaves is through; whose session the server ends is not.
    if (signal.reason instanceof EndedByServerError) throw signal.reason
  },
} satisfies Command

function readOptions(flags: { value(name: string): string | undefined }): AppLogOptions {
  const tail = Number(flags.value('num') ?? '100')
  if (!Number.isInteger(tail) || tail < 0) throw new UsageError('--num is not a whole number from 0')
  const source = flags.value('source')
  if (source !== undefined && source !== 'app' && source !== 'router' && source !== 'build') {
    throw new UsageError(`There is no source "${source.slice(0, 40)}"`, {
      next: 'Sources: app, router, build',
    })
  }
  const release = flags.value('release')
  return {
    tail,
    source,
    since: sinceOf(flags.value('since')),
    process: flags.value('ps'),
    version: release === undefined ? undefined : parseVersion(release),
  }
}

function sinceOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit ?? '']
  const time = unitMs === undefined ? Date.parse(text) : Date.now() - Number(amount) * unitMs
  if (Number.isNaN(time))
    throw new UsageError(`"${text.slice(0, 40)}" is no time`, { next: 'For instance: --since 10m' })
  return new Date(time).toISOString()
}
