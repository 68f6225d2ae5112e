import { durationText } from '../../command-line/duration.ts'
import { sizeText } from '../../command-line/size.ts'
import { routeProperties } from '../../route-properties.ts'
import type { RouteSettings } from '../../state/route-settings.ts'
import { readTraffic } from '../../traffic.ts'
import type { Cause, Finding } from '../cause.ts'

type Refusal = Omit<Finding, 'facts'> | undefined

/** What a status of the router's own means, by the app's settings; undefined where they want it no more. */
const refusals: Readonly<
  Record<number, (settings: RouteSettings & { readonly asks: boolean }, app: string) => Refusal>
> = {
  401: ({ asks }, app) =>
    asks
      ? {
          what: 'had no name and password that may visit, and got 401. A browser asks for them at the first',
          next: `router:auth ${app} NAME`,
        }
      : undefined,
  411: ({ bodyLimitBytes }, app) =>
    bodyLimitBytes === null
      ? undefined
      : {
          what: 'did not say how large they are, as the limit of their size asks for, and got 411',
          next: `router:set ${app} body-limit`,
        },
  413: ({ bodyLimitBytes }, app) =>
    bodyLimitBytes === null
      ? undefined
      : {
          what: `had more than ${sizeText(bodyLimitBytes)}, and got 413`,
          next: `router:set ${app} body-limit ${Math.ceil((bodyLimitBytes * 2) / 1024)}k`,
        },
  429: (settings, app) =>
    settings.rateLimit === null
      ? undefined
      : {
          what: `came from an address that asked more than ${routeProperties['rate-limit']?.show(settings)}, and got 429`,
          next: `router:set ${app} rate-limit ${settings.rateLimit * 2}/10s`,
        },
  504: ({ timeLimitMs }, app) => ({
    what: `waited ${durationText(timeLimitMs ?? 3_600_000)} for an answer in vain, and got 504`,
    next:
      timeLimitMs === null
        ? `logs ${app}`
        : `router:set ${app} time-limit ${Math.min(86_400, Math.ceil((timeLimitMs * 2) / 1000))}s`,
  }),
}

export default {
  order: 80,
  looksAt: 'what the router refused in the last 10 minutes, as the app wants it',
  async look({ paas, app }) {
    const { refused = {} } = (await readTraffic(paas.settings.home)).get(app.id) ?? {}
    const settings = {
      ...paas.store.routeSettings.of(app.id),
      asks: Object.keys(paas.store.visitors.of(app.id)).length > 0,
    }
    return Object.entries(refused).flatMap(([status, count]) => {
      const refusal = refusals[Number(status)]?.(settings, app.name)
      if (!refusal) return []
      const requests = count === 1 ? '1 request' : `${count} requests`
      const what = `In the last 10 minutes ${requests} ${refusal.what}`
      return [{ ...refusal, what, facts: { status: Number(status), requests: count } }]
    })
  },
} satisfies Cause
