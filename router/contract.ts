/**
 * What server and router say to each other through Redis. The server writes the table, the router only
 * acknowledges. `frontend:<host>` is Hipache's own format (https://github.com/hipache/hipache): a list with an
 * identifier first and backend URLs behind it; looked up as exact host, `*.parent` (at most five levels), `*`.
 * Everything else is ours and lives under `paas:`, and `frontend:<host>/<path>/`, which Hipache never asks for.
 */

/** LIST. Element 0 is an identifier (for our apps the app id), the rest backend URLs `http://IP:PORT`. */
export const frontendKey = (host: string): string => `frontend:${host}`

/** SET of 0-based backend indexes that are marked dead. Deleted in the same MULTI as any change of its list. */
export const deadKey = (host: string): string => `dead:${host}`

/**
 * STRING `<boot id>:<generation>`: guards the table, see `Epoch`. Written in the same MULTI as the routes. Within a
 * boot every publication has a higher generation than any before it, also when the server was restarted or its clock
 * set back: routers take a lower one for an old dump and keep what they serve.
 */
export const epochKey = 'paas:epoch'

/**
 * HASH host -> app id: which hosts are ours, as they stand in `AppRoute.hosts`. A host that is not in it belongs to a
 * foreign writer. App ids are `[A-Za-z0-9-]`, at most 64 characters: log files are named after them.
 */
export const hostsKey = 'paas:hosts'

/** HASH app id -> JSON of `AppRoute`. Authoritative for our hosts: a foreign entry in their lists is ignored. */
export const appsKey = 'paas:apps'

/**
 * HASH router id -> JSON of `RouterState`. A router whose `at` is older than `routerTtlMs` counts as gone; one whose
 * HAProxy does not answer says nothing. `generation` 0: it serves no table yet.
 */
export const routersKey = 'paas:routers'

/** HASH backend URL -> requests and connections still in flight; field gone means drained. One per router. */
export const drainingKey = (routerId: string): string => `paas:draining:${routerId}`

/**
 * Channel. `<generation> <host> <host> ...` within the MULTI that changed these hosts (those that are gone, and all of
 * an app whose backends changed); no host: all may have.
 */
export const routesChannel = 'paas:routes'

/** Channel. `<router id> <generation>`: this router serves that generation, every connection from now on. */
export const appliedChannel = 'paas:applied'

export const routerTtlMs = 10_000
export const routerHeartbeatMs = 2_000

/**
 * Boot id is /proc/sys/kernel/random/boot_id. Key missing (flushed): the router keeps what it has of this boot.
 * Another boot's: it takes nothing from Redis, foreign hosts neither, until the server has published again.
 */
export type Epoch = { readonly boot: string; readonly generation: number }

export const formatEpoch = (epoch: Epoch): string => `${epoch.boot}:${epoch.generation}`

/** The epoch in `text`, or undefined where it is none. */
export function parseEpoch(text: string | null): Epoch | undefined {
  const match = /^([0-9a-f-]{8,64}):(\d{1,15})$/.exec(text ?? '')
  return match?.[1] && match[2] ? { boot: match[1], generation: Number(match[2]) } : undefined
}

/** One container as the router sees it. */
export type Backend = {
  /** `http://IP:PORT` */
  readonly url: string
  /** The name people see: `web.1` */
  readonly process: string
  readonly release: number
}

export type AppRoute = {
  readonly name: string
  /** Lower case; `host` alone, or `host/path/` for a path prefix. */
  readonly hosts: readonly string[]
  readonly backends: readonly Backend[]
  /** Why no backend is asked, whether there are any or not; undefined: they are. */
  readonly closed?: Closed
  /** HTML in place of our own page of maintenance. */
  readonly maintenancePage?: string
  readonly certificates?: readonly Certificate[]
  /** Answers for a certificate authority: token to key authorization. */
  readonly challenges?: Readonly<Record<string, string>>
  /** For those of its hosts that have a certificate. */
  readonly https?: Https
  /** Larger requests are refused; undefined: none is too large. */
  readonly bodyLimitBytes?: number
  readonly extras?: Extras
}

/** What costs something with each request, and is asked for by few: an app with any of it gets a slot that can do it. */
export type Extras = {
  /** HTML in place of our own pages of 502, 503 and 504, without line ends; at most 8 KiB. */
  readonly errorPage?: string
  /** How long the app may be silent before its visitor gets 504. */
  readonly timeLimitMs?: number
  /** More requests of one address within 10 s get 429. */
  readonly rateLimit?: number
  /** Visitors that may come in: name to `visitorDigest`. */
  readonly visitors?: Readonly<Record<string, string>>
  /** Which of its hosts the others send visitors on to. */
  readonly canonical?: string
  /** Path to where it has moved. */
  readonly redirects?: Readonly<Record<string, string>>
  /** A visitor comes to the same container again, as long as it runs. */
  readonly sticky?: boolean
  readonly gzip?: boolean
}

/** Which hosts a file of `certificateFolder` is for. Only what names nothing secret goes through Redis. */
export type Certificate = {
  /** `<64 hexadecimal digits>.pem`; other content has another name. */
  readonly file: string
  /** Of the app's hosts; `*.parent` too, no path. */
  readonly hosts: readonly string[]
}

export type Https = { readonly redirect: boolean; readonly hsts: boolean }

export type Closed = 'maintenance' | 'unreleased'

/** What is asked of an app: the last minute of it, and this moment. */
export type AppTraffic = {
  readonly requests: number
  /** Those answered with a status of 500 and above. */
  readonly failed: number
  /** Milliseconds within which 95 of 100 answers began, rounded up to an edge of `traffic.ts`; null: nothing was asked. */
  readonly p95Ms: number | null
  /** Requests and connections that its containers are busy with, those of containers that drain included. */
  readonly inFlight: number
  /**
   * Status to how many requests the router itself answered with it in the last 10 minutes: 401, 411, 413 and 429 as the
   * app's settings want it, 504 where the app was silent for too long. A status that nobody got is not there.
   */
  readonly refused: Readonly<Record<string, number>>
}

export type RouterState = {
  /** The generation that every connection is served by. */
  readonly generation: number
  readonly boot: string
  /** Unix time in milliseconds. */
  readonly at: number
}
