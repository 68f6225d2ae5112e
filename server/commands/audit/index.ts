import type { Command } from '../../command.ts'
import { countOf } from '../../command-line/count.ts'
import { deedEnded, deedRefused, deedStarted, type Event } from '../../events/events.ts'

export default {
  summary:
    'Show who typed what, from where and with which key, and how it ended; config values are never kept',
  right: 'admin',
  app: 'none',
  reads: true,
  flags: {
    num: { short: 'n', value: 'N', summary: 'How many; 50 without' },
    app: {
      short: 'a',
      value: 'APP',
      summary: 'Only on this app, also where it is destroyed: its name or id',
    },
    who: { value: 'USER', summary: 'Only by this user' },
  },
  examples: ['audit', 'audit --who ann -n 200', 'audit --app blog --json'],
  async run({ paas, flags, out }) {
    const app = flags.value('app')
    const who = flags.value('who')
    const ends = new Map<unknown, Event>()
    // Newest first: an end is met before its beginning.
    const begun = paas.events.latest(countOf(flags, 50), (event) => {
      if (event.type === deedEnded) ends.set(event.facts?.begun, event)
      return (
        (event.type === deedStarted || event.type === deedRefused) &&
        (app === undefined || event.app?.name === app || event.app?.id === app) &&
        (who === undefined || event.who === who)
      )
    })
    const deeds = begun.map((event) => {
      const end = event.type === deedRefused ? event : ends.get(event.sequence)
      return {
        at: event.at,
        who: event.who,
        key: event.facts?.key ?? null,
        fingerprint: event.facts?.fingerprint ?? null,
        address: event.facts?.address ?? null,
        app: event.app ?? null,
        what: event.message,
        endedAt: end?.at ?? null,
        exitCode: end?.facts?.exitCode ?? null,
        outcome: end === undefined ? null : end.type === deedRefused ? 'refused' : end.message,
        // Of a flood that was refused only the first are kept each.
        ...(event.facts?.more === undefined ? {} : { more: event.facts.more }),
      }
    })
    out.result(deeds, () =>
      out.table(
        ['At', 'Who', 'From', 'Key', 'App', 'Outcome', 'What'],
        deeds.map((deed) => [
          `${deed.at.slice(0, 19)}Z`,
          deed.who,
          String(deed.address),
          String(deed.fingerprint),
          deed.app?.name ?? '-',
          deed.outcome === null ? '-' : `${deed.outcome} (${deed.exitCode})`,
          deed.more === undefined ? deed.what : `${deed.what} (and ${deed.more} more that were refused)`,
        ]),
      ),
    )
  },
} satisfies Command
