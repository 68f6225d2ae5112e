import { join } from 'node:path'
import { executablesIn, runHook } from '../executables.ts'
import type { Paas } from '../paas.ts'
import type { Event } from './events.ts'

const hookTimeoutMs = 60_000

/**
 * Runs the executables in `$PAAS_HOME/hooks/<type>/` for each event of that type until the server closes: one after
 * the other, in the order in which things happened, never in the way of what does. They change nothing; what fails is
 * said in the server's log.
 */
export async function runEventHooks(paas: Paas): Promise<void> {
  for await (const event of paas.events.follow(paas.closing)) {
    if (!/^[a-z]+(-[a-z]+)*$/.test(event.type)) continue
    for (const hook of executablesIn(join(paas.settings.home, 'hooks', event.type)))
      await runOne(paas, hook, event)
  }
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
