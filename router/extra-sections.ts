import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigurationOptions } from './configuration.ts'
import { encodedPage } from './extra-maps.ts'
import type { RouterPaths } from './paths.ts'
import type { SlotKind } from './slots.ts'

/** Which defaults the section of a slot takes. */
export function slotDefaults({ extras, gzip, sticky }: SlotKind): string {
  if (!extras) return 'plain'
  return `extras${gzip ? '-gzip' : ''}${sticky ? '-sticky' : ''}`
}

/** What slots with extras do that plain ones don't, and so cost an app without extras nothing. */
export const extraSections = (options: ConfigurationOptions): string[] => [
  'backend addresses from plain',
  '  stick-table type string len 64 size 200k expire 20s store http_req_rate(10s)',
  ...[false, true].flatMap((gzip) =>
    [false, true].flatMap((sticky) => defaultsOf(options, { extras: true, gzip, sticky })),
  ),
]

const defaultsOf = (options: ConfigurationOptions, kind: SlotKind): string[] => [
  `defaults ${slotDefaults(kind)} from plain`,
  ...failurePages(options.paths),
  ...requestRules(options),
  ...(kind.gzip ? compression : []),
  ...(kind.sticky ? cookie(options.paths) : []),
]

// Without a server that answers HAProxy says 503; for a visitor, as everywhere here, that is 502.
const failurePages = ({ extras: { pages } }: RouterPaths): string[] => [
  ...[502, 503, 504].map((status) => {
    const ours = encodedPage(htmlOf(status === 503 ? 502 : status))
    const head = `hdr Cache-Control no-store${status === 503 ? ' hdr X-Paas-Failure unanswered' : ''}`
    return `  http-error status ${status} content-type "text/html; charset=utf-8" lf-string "%[be_name,map_str(${pages},${ours}),b64dec]" ${head}`
  }),
  '  http-after-response set-status 502 reason "Bad Gateway" if { status 503 } { res.hdr(x-paas-failure) unanswered }',
  '  http-after-response del-header x-paas-failure',
]

function htmlOf(status: number): string {
  const file = readFileSync(join(import.meta.dirname, 'pages', `${status}.http`), 'utf8')
  return file.slice(file.search(/\r?\n\r?\n/)).trim()
}

const setting = (number: number): string => `var(txn.settings),field(${number},|)`
const isSet = (name: string): string => `{ var(txn.${name}) -m len gt 0 }`

// The rate comes first, so that passwords are not guessed faster than that; who is sent on is asked for one only there.
const requestRules = ({ paths: { extras }, httpPort, httpsPort }: ConfigurationOptions): string[] => [
  `  http-request set-var(txn.settings) be_name,map_str(${extras.settings})`,
  `  http-request set-var(txn.rate) ${setting(3)}`,
  '  http-request set-var(txn.net) src,ipmask(32,64)',
  '  http-request set-var(txn.address) be_name,concat(/,txn.net)',
  `  http-request track-sc0 var(txn.address) table addresses if ${isSet('rate')}`,
  `  http-request deny deny_status 429 if ${isSet('rate')} { sc0_http_req_rate,sub(txn.rate) gt 0 }`,
  `  http-request set-var(txn.canonical) ${setting(4)}`,
  `  http-request return status 308 hdr Location http://%[var(txn.canonical)]${portText(httpPort, 80)}%[pathq] hdr ${briefly} if !{ ssl_fc } { var(txn.slot),field(2,.) -m sub c }`,
  `  http-request return status 308 hdr Location https://%[var(txn.canonical)]${portText(httpsPort, 443)}%[pathq] hdr ${briefly} if { ssl_fc } { var(txn.slot),field(2,.) -m sub c }`,
  `  http-request set-var(txn.salt) ${setting(1)}`,
  // The mark comes with the host: who is led here while the other maps lag behind is let in by no mistake.
  '  acl guarded var(txn.slot),field(2,.) -m sub p',
  '  http-request set-var(txn.credentials) req.hdr(authorization),word(2," "),b64dec',
  `  http-request set-var(txn.visitor) var(txn.salt),concat(:,txn.credentials),sha2(256),hex,map_str(${extras.visitors}) if guarded ${isSet('salt')}`,
  `  http-request deny deny_status 401 if guarded !${isSet('visitor')}`,
  // The password is none of the app's business.
  '  http-request del-header authorization if guarded',
  '  http-request set-header X-Forwarded-User %[var(txn.visitor)] if guarded',
  `  http-request set-var(txn.moved) be_name,concat(,txn.path),map_str(${extras.redirects})`,
  `  http-request return status 301 hdr Location %[var(txn.moved)] hdr ${briefly} if ${isSet('moved')}`,
  `  http-request set-timeout server ${setting(2)}`,
]

// Browsers keep a permanent redirect for ever otherwise: a mistaken one could not be taken back.
const briefly = 'Cache-Control max-age=3600'

const portText = (port: number, usual: number): string => (port === usual ? '' : `:${port}`)

const compression = [
  '  compression algo gzip',
  '  compression type text/html text/css text/plain text/javascript text/xml application/javascript application/json application/xml application/manifest+json image/svg+xml',
]

// A cookie names a server by a digest of this key and its address: it tells visitors nothing.
const cookie = ({ directory }: RouterPaths): string[] => [
  '  cookie paas_web insert indirect nocache httponly attr SameSite=Lax dynamic',
  `  dynamic-cookie-key ${createHash('sha256').update(directory).digest('hex').slice(0, 32)}`,
]
