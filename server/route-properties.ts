import { durationText } from './command-line/duration.ts'
import { parseSize, sizeText } from './command-line/size.ts'
import type { RouteSettings } from './state/route-settings.ts'

/** A property of `router:set`. */
export type RouteProperty = {
  /** Undefined where `value` is none; without a value the rule holds again. */
  parse(value: string): Partial<RouteSettings> | undefined
  /** As people read it. */
  show(settings: RouteSettings): string
  readonly wants: string
  readonly example: string
}

/** What `router:set` knows, and `router:report` shows. */
export const routeProperties: Readonly<Record<string, RouteProperty>> = {
  'body-limit': {
    parse: (value) => within(1, 1024 ** 4, parseSize(value), (bodyLimitBytes) => ({ bodyLimitBytes }), value),
    show: ({ bodyLimitBytes }) => (bodyLimitBytes === null ? 'none' : sizeText(bodyLimitBytes)),
    wants: 'a size',
    example: '10m',
  },
  'time-limit': {
    parse: (value) => within(1_000, 86_400_000, parseMs(value), (timeLimitMs) => ({ timeLimitMs }), value),
    show: ({ timeLimitMs }) => (timeLimitMs === null ? '1 hour, by rule' : durationText(timeLimitMs)),
    wants: 'a duration from 1s to 24h',
    example: '30s',
  },
  'rate-limit': {
    parse: (value) => within(1, 1_000_000, parseRate(value), (rateLimit) => ({ rateLimit }), value),
    show: ({ rateLimit }) => (rateLimit === null ? 'none' : `${rateLimit} in 10 seconds`),
    wants: 'a number of requests from one address, in a second, 10 seconds or a minute',
    example: '20/s',
  },
  sticky: {
    parse: (value) => parseSwitch(value, (sticky) => ({ sticky })),
    show: ({ sticky }) => (sticky ? 'on' : 'off'),
    wants: 'on or off',
    example: 'on',
  },
  gzip: {
    parse: (value) => parseSwitch(value, (gzip) => ({ gzip })),
    show: ({ gzip }) => (gzip ? 'on' : 'off'),
    wants: 'on or off',
    example: 'on',
  },
}

function within(
  from: number,
  to: number,
  number: number | undefined,
  as: (number: number | null) => Partial<RouteSettings>,
  value: string,
): Partial<RouteSettings> | undefined {
  if (value === '') return as(null)
  return number !== undefined && number >= from && number <= to ? as(number) : undefined
}

function parseMs(value: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})(s|m|h)?$/.exec(value) ?? []
  if (count === undefined) return undefined
  return Number(count) * 1_000 * (unit === 'h' ? 3_600 : unit === 'm' ? 60 : 1)
}

/** Requests in 10 s. */
function parseRate(value: string): number | undefined {
  const [, count, period] = /^(\d{1,6})\/(s|10s|m)$/.exec(value) ?? []
  if (count === undefined) return undefined
  return Math.ceil(Number(count) * (period === 's' ? 10 : period === 'm' ? 1 / 6 : 1))
}

function parseSwitch(
  value: string,
  as: (isOn: boolean) => Partial<RouteSettings>,
): Partial<RouteSettings> | undefined {
  return value === 'on' || value === 'off' || value === '' ? as(value === 'on') : undefined
}
