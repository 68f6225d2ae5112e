import { join } from 'node:path'
import { executablesIn, runHook } from '../executables.ts'
import { Spool } from '../logs/spool.ts'
import { spooled } from '../logs/spooled.ts'
import type { Paas } from '../paas.ts'
import type { Event } from './events.ts'

const hookTimeoutMs = 60_000
/** Of events wait while hooks run. */
const mostWaitingBytes = 1024 * 1024

/**
 * Runs the executables in `$PAAS_HOME/hooks/<type>/` for each event of that type until the server closes: one after
 * the other, in the order in which things happened, never in the way of what does. They change nothing; what fails is
 * said in the server's log, and so is how many events hooks were too slow for.
 */
export async function runEventHooks(paas: Paas, mostBytes = mostWaitingBytes): Promise<void> {
  const hooksOf = ({ type }: Event): readonly string[] =>
    /^[a-z]+(-[a-z]+)*$/.test(type) ? executablesIn(join(paas.settings.home, 'hooks', type)) : []
  const waiting = new Spool<Event | Missed>({
    mostBytes,
    sizeOf: (event) => JSON.stringify(event).length,
    missed: (missed) => ({ missed }),
  })
  for await (const event of spooled(hooked(paas.events.follow(paas.closing), hooksOf), waiting)) {
    if (paas.closing.aborted) return
    if ('missed' in event)
      paas.log(`Hooks were too slow for ${event.missed} events, which they were not told of`)
    else for (const hook of hooksOf(event)) await runOne(paas, hook, event)
  }
}

type Missed = { readonly missed: number }

async function* hooked(
  events: AsyncIterable<Event>,
  hooksOf: (event: Event) => readonly string[],
): AsyncGenerator<Event> {
  for await (const event of events) if (hooksOf(event).length > 0) yield event
}

async function runOne(paas: Paas, hook: string, event: Event): Promise<void> {
  const { failed, isCanceled, timedOut, exitCode, lastLine } = await runHook(hook, {
    environment: environmentOf(event),
    timeoutMs: hookTimeoutMs,
    cancelSignal: paas.closing,
  })
  const name = hook.split('/').slice(-2).join('/')
  if (timedOut) paas.log(`The hook ${name} did not end within ${hookTimeoutMs / 1000} s`)
  else if (failed && !isCanceled)
    paas.log(`The hook ${name} failed (exit code ${exitCode ?? 'none'}): ${lastLine}`)
}

/** The event as an environment: of its fact `release` PAAS_EVENT_RELEASE. */
function environmentOf(event: Event): Record<string, string> {
  const facts = Object.entries(event.facts ?? {}).map(([name, value]) => [
    `PAAS_EVENT_${name.replace(/\W/g, '_').toUpperCase()}`,
    String(value ?? ''),
  ])
  return {
    ...Object.fromEntries(facts),
    PAAS_EVENT: event.type,
    PAAS_EVENT_AT: event.at,
    PAAS_EVENT_NUMBER: String(event.sequence),
    PAAS_EVENT_WHO: event.who,
    PAAS_EVENT_MESSAGE: event.message,
    PAAS_APP: event.app?.name ?? '',
    PAAS_APP_ID: event.app?.id ?? '',
  }
}
