import type { Readable, Writable } from 'node:stream'
import type { Exposure } from '../state/exposures.ts'
import type { Link } from '../state/links.ts'
import type { Service } from '../state/services.ts'

/** The streams of a person who works on a service. */
export type Streams = {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** True: characters are shown by us as they are typed. */
  readonly terminal: boolean
  readonly signal: AbortSignal
}

/**
 * One kind of data service, found by its folder: `server/services/NAME/kind.ts` exports a function `open` that
 * returns it. What makes or removes something is safe to repeat, and throws `UnavailableError` where the service's
 * server is down; nothing here keeps a connection open between two calls.
 */
export type ServiceKind = {
  /** As a sentence ends: `MySQL database` */
  readonly title: string
  /** Names of app.json's `addons` that mean this kind, without their plan. */
  readonly addons: readonly string[]
  /** Names of what `create` will make, which no other instance or service has. */
  names(serviceId: string): { readonly database: string; readonly user: string }
  /** The name of a link's own user. */
  linkUser(linkId: string): string
  /** Returns where its server is there and lets us in. */
  reach(): Promise<void>
  create(service: Service): Promise<void>
  /** Everything of it, backups too. */
  destroy(service: Service): Promise<void>
  /** Takes out all that is in it; those who are connected stay so. */
  empty(service: Service): Promise<void>
  /** Lets the link's user in, from the link's network alone, to this service alone. */
  grant(service: Service, link: Link): Promise<void>
  revoke(link: Link): Promise<void>
  /** The name of the user for clients outside of this machine. */
  exposureUser(exposureId: string): string
  /** Lets that user in, from its source alone, to this service alone. Throws `UserError` where that is not ours to say. */
  expose(service: Service, exposure: Exposure): Promise<void>
  conceal(exposure: Exposure): Promise<void>
  /** With which such a client gets in; `host` is this machine as it knows it. */
  exposedUrl(service: Service, exposure: Exposure, host: string): string
  /** Opens the server to the networks of `links` and `exposures`, closes it to all others, where that is ours to say. */
  admit(links: readonly Link[], exposures: readonly Exposure[]): Promise<void>
  /** Where the linked app finds its server. Throws `UnavailableError` while that never started. */
  address(link: Link): { readonly host: string; readonly port: number }
  /** What the linked app gets, without a prefix. Asks nobody: containers start while the server is down. */
  environment(service: Service, link: Link): Readonly<Record<string, string>>
  /** What there is to say about it, in the order to show. */
  facts(service: Service): Promise<Readonly<Record<string, string | number>>>
  /** With which a client on the host gets in as the service's own user. */
  dsn(service: Service): string
  /** An interactive session, or statements from stdin. Returns the exit code. */
  connect(service: Service, streams: Streams): Promise<number>
  /** Writes all of it to `output`; rejects unless it is whole. */
  export(service: Service, output: Writable, signal: AbortSignal): Promise<void>
  /** Reads what `export` wrote. Throws `UserError` that says where it stopped. */
  import(service: Service, input: Readable, signal: AbortSignal): Promise<void>
}

/** What a kind is opened with. */
export type KindOptions = {
  readonly home: string
  /** Undefined: the server that `make up` runs from `home`. */
  readonly url: string | undefined
  /** The image that `make up` runs it from, where that is not this machine's own. */
  readonly image?: string | undefined
  readonly instanceId: string
  readonly log: (line: string) => void
}

/** What `server/services/NAME/kind.ts` exports. */
export type KindModule = { readonly open: (options: KindOptions) => ServiceKind }
