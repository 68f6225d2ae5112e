import type { Extras } from './contract.ts'
import { slotName } from './slots.ts'
import type { Routes } from './table.ts'

/** The maps that slots with extras look into, in the order in which they are changed. */
export const extraMapNames = ['settings', 'pages', 'visitors', 'redirects'] as const
export type ExtraMap = (typeof extraMapNames)[number]

/**
 * - settings: slot to `salt|time limit in ms|rate limit|canonical host`; a salt means that visitors say who they are
 * - pages: slot to the app's page for failures, in base64
 * - visitors: digest to name, see `visitorDigest` in `server/visitor-digest.ts`
 * - redirects: `slot/path` to where it has moved
 */
export type ExtraMaps = Readonly<Record<ExtraMap, ReadonlyMap<string, string>>>

/** What these maps should hold for `routes` with the slots `assigned`. */
export function extraMapsOf(routes: Routes, assigned: ReadonlyMap<string, number>): ExtraMaps {
  const maps = {
    settings: new Map<string, string>(),
    pages: new Map<string, string>(),
    visitors: new Map<string, string>(),
    redirects: new Map<string, string>(),
  }
  for (const { id, extras } of routes.targets.values()) {
    const number = assigned.get(id)
    if (!extras || number === undefined) continue
    const slot = slotName(number)
    maps.settings.set(slot, settingsOf(id, extras))
    const page = pageOf(extras)
    if (page !== undefined) maps.pages.set(slot, page)
    for (const [name, digest] of Object.entries(extras.visitors ?? {})) maps.visitors.set(digest, name)
    for (const [path, to] of Object.entries(extras.redirects ?? {})) maps.redirects.set(`${slot}${path}`, to)
  }
  return maps
}

const settingsOf = (id: string, { visitors, timeLimitMs, rateLimit, canonical }: Extras): string =>
  [visitors ? id : '', timeLimitMs ?? '', rateLimit ?? '', canonical ?? ''].join('|')

// Thousands of pages stay the same when one app is deployed.
const encoded = new WeakMap<Extras, string>()

function pageOf(extras: Extras): string | undefined {
  if (extras.errorPage === undefined) return undefined
  const page = encoded.get(extras) ?? encodedPage(extras.errorPage)
  encoded.set(extras, page)
  return page
}

/** A page as HAProxy can keep it in a map and put it into an answer: it would write line ends as `#0A`. */
export const encodedPage = (html: string): string =>
  Buffer.from(html.replace(/[\x00-\x1f\x7f]+/g, ' ')).toString('base64')
