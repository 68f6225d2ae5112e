import { actorOf, maySee } from '../access.ts'
import type { Call, Command } from '../command.ts'
import { countOf } from '../command-line/count.ts'
import { EndedByServerError, NoSuchAppError } from '../errors.ts'
import { deedEnded, deedRefused, deedStarted, type Event } from '../events/events.ts'
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
    const write = (event: Event): void => out.item(event, () => out.line(lineOf(event)))
    const next = paas.events.follow(signal)
    for (const event of latest) write(event)
    for await (const event of next) if (wanted(event)) write(event)
    // Whoever leaves is through; whose session the server ends is not.
    if (signal.reason instanceof EndedByServerError) throw signal.reason
  },
} satisfies Command

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

const lineOf = ({ at, type, who, message }: Event): string => `${at.slice(0, 19)}Z ${type} ${who}: ${message}`
