import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { answering, type Desired } from './desired.ts'
import { extraSections, slotDefaults } from './extra-sections.ts'
import type { RouterPaths } from './paths.ts'
import { portText } from './port-text.ts'
import { kindOfSlot, slotName } from './slots.ts'
import { forwardedHeaders, forwardedSecurity, proxyPreamble, trustProxies } from './trusted-proxies.ts'

export type ConfigurationOptions = {
  readonly paths: RouterPaths
  readonly boot: string
  readonly httpHost: string
  readonly httpPort: number
  readonly httpsPort: number
  /** Addresses and networks whose word on their visitors counts. */
  readonly trustedProxies: readonly string[]
  /** Whether their connections begin with a PROXY header. */
  readonly proxyProtocol: boolean
  /** How many files HAProxy may have open. */
  readonly openFiles: number
}

/** Everything after `server NAME IP:PORT`, the same in the configuration and in `add server`. */
export const serverSettings =
  'check inter 10s fastinter 500 downinter 500 rise 1 fall 2 observe layer4 error-limit 3 on-error mark-down pool-purge-delay 2s pool-max-conn 1000'

/**
 * What HAProxy says of itself when it runs with these options: the boot in which its configuration was written, and a
 * digest of all that routes don't change. Another description asks for a reload.
 */
export function configurationDescription(options: ConfigurationOptions): string {
  const text = [...globalSection(options.paths, ''), ...sections(options), serverSettings].join('\n')
  return `paas ${options.boot} ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}

/** The first line of a haproxy.cfg that was written in this boot. */
export const bootLine = (boot: string): string => `# boot ${boot}\n`

/** haproxy.cfg with every route of `desired` in it. Its first line names the boot it was written in. */
export function configurationText(options: ConfigurationOptions, desired: Desired, capacity: number): string {
  const lines = [
    bootLine(options.boot).trim(),
    '# Written by the router; it writes it again.',
    ...globalSection(options.paths, configurationDescription(options)),
    `  maxconn ${maxConnections(options.openFiles, desired)}`,
    ...sections(options),
  ]
  for (let number = 0; number < capacity; number++) {
    const slot = slotName(number)
    lines.push(`backend ${slot} from ${slotDefaults(kindOfSlot(number))}`)
    for (const [name, address] of desired.slots.get(slot) ?? []) {
      lines.push(`  server ${name} ${address} ${serverSettings}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** A map file's text. */
export const mapText = (entries: ReadonlyMap<string, string>): string =>
  [...entries].map(([key, value]) => `${key} ${value}\n`).join('')

/**
 * A client's connection takes two files, and so many, or one for each server's check, HAProxy wants to be allowed
 * before it starts.
 */
function maxConnections(openFiles: number, { slots }: Desired): number {
  let servers = 0
  for (const slot of slots.values()) servers += slot.size
  return Math.max(100, Math.min(8_000, Math.floor((openFiles - servers - 1_000) / 2)))
}

const globalSection = (paths: RouterPaths, description: string): string[] => [
  'global',
  // Fewer connections than wanted are better than none.
  '  no strict-limits',
  // So few requests at a time stay in the processor's cache: with 256 busy connections a tenth less CPU.
  '  tune.maxpollevents 40',
  `  stats socket ${paths.adminSocket} mode 600 level admin`,
  `  description "${description}"`,
  '  close-spread-time 2s',
  '  log ring@requests len 8192 format raw local0',
  '  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
  `  ssl-default-bind-ciphers ${ciphers}`,
]

// Forward secrecy and authenticated encryption alone, for TLS 1.2; those of TLS 1.3 are all so.
const ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

const page = (name: number | string): string => join(import.meta.dirname, 'pages', `${name}.http`)

// An app may compute for an hour, and a stream or WebSocket be silent for as long; a client that sends or takes
// nothing is let go after a minute.
const sections = (options: ConfigurationOptions): string[] => {
  const { paths, httpHost, httpPort, httpsPort } = options
  return [
    'ring requests',
    '  format raw',
    '  maxlen 8192',
    '  size 4194304',
    '  timeout connect 1s',
    // Lines wait for a router that is away or hangs: a cut would lose those on their way, and help neither.
    '  timeout server 24d',
    `  server router unix@${paths.logSocket}`,
    'defaults plain',
    '  mode http',
    '  timeout http-request 30s',
    '  timeout http-keep-alive 60s',
    '  timeout client 60s',
    '  timeout client-fin 30s',
    '  timeout connect 5s',
    '  timeout queue 30s',
    '  timeout server 1h',
    '  timeout tunnel 1h',
    '  option redispatch 1',
    '  retries 2',
    '  option http-no-delay',
    '  option dontlognull',
    '  option http-ignore-probes',
    ...[400, 401, 404, 413, 429, 502, 504].map((status) => `  errorfile ${status} ${page(status)}`),
    // A slot without a server that answers. The request log says 502 for it too.
    `  errorfile 503 ${page(502)}`,
    ...frontend(options, { tls: false, host: httpHost, port: httpPort }),
    ...frontend(options, { tls: true, host: httpHost, port: httpsPort }),
    'backend unknown from plain',
    '  http-request deny deny_status 404',
    ...closed(answering.stopped, page(503)),
    ...closed(answering.unreleased, page('unreleased')),
    ...closed(answering.maintenance, page('maintenance')),
    ...ownPage(answering.ownPage, page('maintenance'), paths),
    ...ownPage(answering.stoppedOwnPage, page(503), paths),
    ...extraSections(options),
  ]
}

/** One of the two ports. */
export type Entrance = { readonly tls: boolean; readonly host: string; readonly port: number }

// One for each of the two ports: what is so for all requests of a port need not be asked for each of them.
const frontend = (options: ConfigurationOptions, entrance: Entrance): string[] => {
  const { paths } = options
  const { tls, host, port } = entrance
  const isBehind = options.trustedProxies.length > 0
  // Who asks for a host without a certificate gets none, not another app's.
  const secured = tls ? ` ssl strict-sni crt-list ${paths.certificateList} alpn h2,http/1.1` : ''
  return [
    `frontend ${tls ? 'https' : 'http'} from plain`,
    '  log global',
    `  bind ${bracketed(host)}:${port}${secured}`,
    ...proxyPreamble(options),
    '  option disable-h2-upgrade',
    '  option forwardfor',
    '  unique-id-format %[uuid()]',
    '  unique-id-header X-Request-ID',
    `  log-format "${logFormat}"`,
    ...rejections(entrance),
    ...trustProxies(options, entrance),
    ...headers(isBehind ? forwardedHeaders : ownHeaders(entrance)),
    ...lookup(paths),
    ...challenges(paths),
    '  acl marked var(txn.slot) -m sub .',
    ambiguousPaths,
    ...(isBehind ? forwardedSecurity(options) : security(options.httpsPort, entrance)),
    ...bodyLimit,
    '  use_backend %[var(txn.slot),field(1,.)]',
    '  default_backend unknown',
  ]
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

const challenges = ({ challenges: map }: RouterPaths): string[] => {
  const answer = `path,field(4,/),map_str(${map})`
  return [
    // Also before an app's first release, in maintenance, and in place of a redirect.
    `  http-request return status 200 content-type application/octet-stream lf-string %[${answer}] if { path_beg /.well-known/acme-challenge/ } { ${answer} -m found }`,
  ]
}

const security = (httpsPort: number, { tls }: Entrance): string[] => [
  tls
    ? '  http-after-response set-header Strict-Transport-Security max-age=31536000 if marked { var(txn.slot),field(2,.) -m sub h }'
    : // 308: a form that was sent in plain is sent again, not asked for.
      `  http-request redirect location https://%[var(txn.host)]${portText(httpsPort, 443)}%[pathq] code 308 if marked { var(txn.slot),field(2,.) -m sub r }`,
]

// Where paths of a host lead to several apps, none may come to one of them that some program takes for the other's.
const ambiguousPaths =
  "  http-request deny deny_status 400 if marked { var(txn.slot),field(2,.) -m sub d } { path -m reg -i '//|%2f|%5c|/(\\.|%2e){1,2}(/|$)' }"

const bodyLimit = [
  '  http-request set-var(txn.limit) var(txn.slot),field(3,.) if marked',
  '  acl limited var(txn.limit) -m found',
  // How large a body is that does not say so is known only when it has passed.
  '  http-request return status 411 content-type text/plain string "This app limits the size of requests: send a Content-Length\\n" if limited !{ req.hdr(content-length) -m found } { method POST PUT PATCH } || limited { req.hdr(transfer-encoding) -m found }',
  '  http-request deny deny_status 413 if limited { req.hdr(content-length),sub(txn.limit) gt 0 }',
]

const closed = (backend: string, file: string): string[] => [
  `backend ${backend} from plain`,
  `  errorfile 503 ${file}`,
  '  http-request deny deny_status 503',
]

/** @param file what is served where the router does not answer, too */
const ownPage = (backend: string, file: string, { pageSocket }: RouterPaths): string[] => [
  `backend ${backend} from plain`,
  `  errorfile 503 ${file}`,
  '  retries 0',
  `  server router unix@${pageSocket}`,
]

/** See `request-log.ts`, which reads it. Only the last field can hold what a client chose freely, encoded by HAProxy. */
const logFormat = '%lc %[date(0,us)] %b %s %ts %ST %B %Tc %Tr %Ta %ci %ID %HM %[var(txn.host)] %HU'

const rejections = ({ tls }: Entrance): string[] => [
  // HTTP/2 is agreed on in the handshake of TLS alone.
  `  http-request deny deny_status 400 if !HTTP_1.1 !HTTP_1.0${tls ? ' !{ ssl_fc_alpn h2 }' : ''}`,
  '  http-request deny deny_status 400 if { method CONNECT TRACE } || !{ path_beg / } !METH_OPTIONS',
  // The whole header: where commas separate values, the last one would choose the app, and the app read another.
  "  http-request deny deny_status 400 if { req.fhdr(host) -m reg -i '[^a-z0-9.:_\\[\\]-]' } || HTTP_1.1 !{ req.fhdr(host) -m found }",
  '  http-request deny deny_status 400 if HTTP_1.0 { req.hdr(transfer-encoding) -m found }',
  "  http-request deny deny_status 400 if { req.hdrs -m reg '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]' }",
]

// Of `Connection` and `Upgrade` is set anew what a WebSocket needs.
const notPassedOn = ['forwarded', 'proxy', 'http2-settings', 'connection', 'upgrade']

/** @param forwarded the lines that say where a request came in */
const headers = (forwarded: readonly string[]): string[] => [
  // An app reads the same of every request, and finds no other scheme or host in it than ours.
  '  http-request set-uri %[pathq] if !{ url_beg / } !{ url_beg * } !HTTP_2.0',
  '  http-request set-var(txn.websocket) bool(true) if { req.hdr(upgrade) -i websocket }',
  // Programs behind CGI and its like read X_Forwarded_For and Content_Length as if a hyphen stood there.
  // One expression for all names: a rule for each costs HAProxy more.
  `  http-request del-header '_|^(x-(forwarded-|real-ip$|request-(id|start)$)|(${notPassedOn.join('|')})$)' -m reg`,
  ...forwarded,
  '  http-request set-header connection upgrade if { var(txn.websocket) -m found }',
  '  http-request set-header upgrade websocket if { var(txn.websocket) -m found }',
]

const ownHeaders = ({ tls, port }: Entrance): string[] => [
  `  http-request add-header X-Forwarded-Proto ${tls ? 'https' : 'http'}`,
  `  http-request add-header X-Forwarded-Port ${port}`,
  '  http-request add-header X-Forwarded-Host %[req.fhdr(host)]',
]

const lookup = ({ hosts, wildcards }: RouterPaths): string[] => {
  const wild = `concat(,txn.path,/),map_beg(${wildcards})`
  return [
    '  http-request set-var(txn.path) path',
    '  http-request set-var(txn.host) req.fhdr(host),host_only,lower,rtrim(.)',
    `  http-request set-var(txn.slot) var(txn.host),concat(,txn.path,/),map_beg(${hosts})`,
    ...[2, 3, 4, 5, 6].map(
      (label) =>
        `  http-request set-var(txn.slot) var(txn.host),field(${label},.,0),${wild} unless { var(txn.slot) -m found }`,
    ),
    `  http-request set-var(txn.slot) str(*),${wild} unless { var(txn.slot) -m found }`,
  ]
}
