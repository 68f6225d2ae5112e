import { actorOf, maySee } from '../access.ts'
import type { Call, Command } from '../command.ts'
import { countOf } from '../command-line/count.ts'
import { EndedByServerError, NoSuchAppError } from '../errors.ts'
import { deedEnded, deedRefused, deedStarted, type Event } from '../events/events.ts'
import { Spool, type SpoolOptions } from '../logs/spool.ts'
import { spooled } from '../logs/spooled.ts'
import { readerFollows } from '../reader-follows.ts'
import { findVisible } from '../resolve-app.ts'

export default {
  summary:
    'Show what happened: deploys, crashes, changes; all of the apps that you may see, also as it happens',
  right: 'anyone',
  // One who has a single app still means all that happened.
  app: 'none',
  reads: true,
  arguments: [{ name: 'APP' }],
  flags: {
    app: { short: 'a', value: 'APP', summary: 'Only of this app' },
    tail: { short: 't', summary: 'Go on as things happen' },
    num: { short: 'n', value: 'N', summary: 'How many; 50 without' },
    type: { value: 'TYPE', summary: 'Only this type: deploy-failed, or deploy for all that begin so' },
  },
  examples: ['events', 'events blog -n 200', 'events -t --type deploy', 'events --json'],
  async run(call) {
    const { paas, flags, out, signal } = call
    const wanted = wantedBy(call)
    const latest = paas.events.latest(countOf(flags, 50), wanted)
    if (!flags.has('tail')) {
      out.result(latest, () => {
        for (const event of latest) out.line(lineOf(event))
      })
      return
    }
    const write = async (event: Told): Promise<void> => {
      out.item(event, () => out.line(lineOf(event)))
      await readerFollows(call)
    }
    const next = spooled(only(paas.events.follow(signal), wanted), new Spool<Told>(spoolOptions))
    for (const event of latest) await write(event)
    for await (const event of next) await write(event)
    // Whoever leaves is through; whose session the server ends is not.
    if (signal.reason instanceof EndedByServerError) throw signal.reason
  },
} satisfies Command

/** An event, or what stands for those that were missed. */
type Told = Omit<Event, 'sequence'> & { readonly sequence?: number }

/** 1 MB waits for a reader that is slow. */
const spoolOptions: SpoolOptions<Told> = {
  mostBytes: 1024 * 1024,
  sizeOf: (event) => JSON.stringify(event).length,
  missed: (count, { at }) => ({
    at,
    type: 'events-missed',
    who: 'paas',
    message: `${count} events were missed here, which this reader was too slow for; events -n shows them`,
    facts: { missed: count },
  }),
}

async function* only(events: AsyncIterable<Event>, wanted: (event: Event) => boolean): AsyncGenerator<Event> {
  for await (const event of events) if (wanted(event)) yield event
}

/** Asked anew for each event: rights change while one looks on. */
function wantedBy({ paas, user, session, words, flags }: Call): (event: Event) => boolean {
  const named = flags.value('app') ?? words[0]
  const only = findVisible(paas.store, user, named)
  if (named !== undefined && !only) throw new NoSuchAppError(named)
  const type = flags.value('type')
  return (event) =>
    event.type !== deedStarted &&
    event.type !== deedEnded &&
    event.type !== deedRefused &&
    (only === undefined || event.app?.id === only.id) &&
    (type === undefined || event.type === type || event.type.startsWith(`${type}-`)) &&
    sees(event)

  function sees({ app }: Event): boolean {
    const now = actorOf(paas.store, session.person)
    if (!now) return false
    if (now.role === 'admin') return true
    return (
      app !== undefined &&
      paas.store.apps.exists(app.id) &&
      maySee(paas.store, now, paas.store.apps.byId(app.id))
    )
  }
}

const lineOf = ({ at, type, who, message }: Told): string => `${at.slice(0, 19)}Z ${type} ${who}: ${message}`
