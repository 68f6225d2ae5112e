import type { Extras } from './contract.ts'

/** An app's extras out of its JSON. Throws with the reason where they are none: nothing is let in by mistake. */
export function parseExtras(value: unknown): Extras {
  if (!isRecord(value)) throw new Error('its extras are no object')
  const { errorPage, timeLimitMs, rateLimit, visitors, canonical, redirects, sticky, gzip } = value
  return {
    ...(errorPage === undefined ? {} : { errorPage: matching('page', errorPage, /^.{1,8192}$/s) }),
    ...(timeLimitMs === undefined ? {} : { timeLimitMs: positive('time limit', timeLimitMs) }),
    ...(rateLimit === undefined ? {} : { rateLimit: positive('rate limit', rateLimit) }),
    ...(visitors === undefined
      ? {}
      : { visitors: entries('visitor', visitors, /^[\w.@-]+$/, /^[0-9A-F]{64}$/) }),
    ...(canonical === undefined ? {} : { canonical: matching('canonical host', canonical, /^[a-z0-9.-]+$/) }),
    ...(redirects === undefined
      ? {}
      : { redirects: entries('redirect', redirects, /^\/[!-:<-[\]-~]*$/, /^(https?:\/)?\/[!-:<-[\]-~]*$/) }),
    ...(sticky === true ? { sticky } : {}),
    ...(gzip === true ? { gzip } : {}),
  }
}

function matching(what: string, value: unknown, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw new Error(`its ${what} is none`)
  return value
}

function positive(what: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new Error(`its ${what} is none`)
  return value
}

function entries(what: string, value: unknown, key: RegExp, text: RegExp): Record<string, string> {
  if (!isRecord(value)) throw new Error(`its ${what}s are no object`)
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [matching(what, name, key), matching(what, each, text)]),
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
