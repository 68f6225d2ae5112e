import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigurationOptions } from './configuration.ts'
import { encodedPage } from './extra-maps.ts'
import type { RouterPaths } from './paths.ts'
import { portText } from './port-text.ts'
import type { SlotKind } from './slots.ts'
import { usualPort } from './trusted-proxies.ts'

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
const requestRules = (options: ConfigurationOptions): string[] => {
  const { extras } = options.paths
  return [
    `  http-request set-var(txn.settings) be_name,map_str(${extras.settings})`,
    `  http-request set-var(txn.rate) ${setting(3)}`,
    '  http-request set-var(txn.net) src,ipmask(32,64)',
    '  http-request set-var(txn.address) be_name,concat(/,txn.net)',
    `  http-request track-sc0 var(txn.address) table addresses if ${isSet('rate')}`,
    `  http-request deny deny_status 429 if ${isSet('rate')} { sc0_http_req_rate,sub(txn.rate) gt 0 }`,
    `  http-request set-var(txn.canonical) ${setting(4)}`,
    ...canonicalRules(options),
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
}

// Browsers keep a permanent redirect for ever otherwise: a mistaken one could not be taken back.
const briefly = 'Cache-Control max-age=3600'

// Who has come by https is not led to where no certificate is: that is the mark o.
const canonicalRules = ({ trustedProxies, httpPort, httpsPort }: ConfigurationOptions): string[] => {
  const to = (where: string, condition: string): string =>
    `  http-request return status 308 hdr Location ${where}%[pathq] hdr ${briefly} if moves ${condition} || moves_plain !{ ssl_fc } ${condition}`
  const marks = [
    '  acl moves var(txn.slot),field(2,.) -m sub c',
    '  acl moves_plain var(txn.slot),field(2,.) -m sub o',
  ]
  const host = '%[var(txn.canonical)]'
  if (trustedProxies.length === 0)
    return [
      ...marks,
      to(`http://${host}${portText(httpPort, 80)}`, '!{ ssl_fc }'),
      to(`https://${host}${portText(httpsPort, 443)}`, '{ ssl_fc }'),
    ]
  const scheme = '%[var(txn.proto)]'
  return [
    ...marks,
    to(`${scheme}://${host}`, usualPort),
    to(`${scheme}://${host}:%[var(txn.port)]`, `!${usualPort}`),
  ]
}

const compression = [
  '  compression algo gzip',
  '  compression type text/html text/css text/plain text/javascript text/xml application/javascript application/json application/xml application/manifest+json image/svg+xml',
]

// A cookie names a server by a digest of this key and its address: it tells visitors nothing.
const cookie = ({ directory }: RouterPaths): string[] => [
  '  cookie paas_web insert indirect nocache httponly attr SameSite=Lax dynamic',
  `  dynamic-cookie-key ${createHash('sha256').update(directory).digest('hex').slice(0, 32)}`,
]
