import type { ConfigurationOptions, Entrance } from './configuration.ts'
import { portText } from './port-text.ts'

/** How many proxies of ours may stand behind each other. */
const mostHops = 5

type Proxies = Pick<ConfigurationOptions, 'trustedProxies' | 'proxyProtocol'>

/** Connections of trusted proxies begin with a PROXY header: from then on `src` is whom that names. */
export const proxyPreamble = ({ trustedProxies, proxyProtocol }: Proxies): string[] =>
  proxyProtocol ? [`  tcp-request connection expect-proxy layer4 if { src ${trustedProxies.join(' ')} }`] : []

/**
 * What a trusted proxy says of a visitor: `src` is from here on the visitor's address, and the variables `proto`, `port`
 * and `authority` are what he has asked for. Without trusted proxies no line: a request costs no more than before.
 */
export const trustProxies = (proxies: Proxies, { tls, port }: Entrance): string[] => {
  const { trustedProxies } = proxies
  if (trustedProxies.length === 0) return []
  const networks = trustedProxies.join(' ')
  const hops = Array.from({ length: mostHops }, (_, index) => index + 1)
  return [
    // Asked before `src` is another's.
    `  http-request set-var(txn.proxied) bool(true) if { src ${networks} }`,
    '  acl proxied var(txn.proxied) -m bool',
    ...hops.slice(1).map((hop) => `  acl hop${hop} ${hopOf(hop - 1)} ${networks}`),
    // From the end on: who is no proxy of ours may have written all that stands before him. What is no address ends it.
    ...hops.map(
      (hop) =>
        `  http-request set-src ${hopOf(hop)} if proxied${hops
          .slice(1, hop)
          .map((each) => ` hop${each}`)
          .join('')}`,
    ),
    // The whole header: one value, from one proxy.
    '  acl names_proto req.fhdr(x-forwarded-proto) -i http https',
    "  acl names_port req.fhdr(x-forwarded-port) -m reg '^[1-9][0-9]{0,4}$'",
    "  acl names_host req.fhdr(x-forwarded-host) -m reg -i '^[a-z0-9._-]+(:[0-9]{1,5})?$'",
    `  http-request set-var(txn.proto) str(${tls ? 'https' : 'http'})`,
    `  http-request set-var(txn.port) str(${port})`,
    '  http-request set-var(txn.authority) req.fhdr(host)',
    ...(proxies.proxyProtocol ? namedByProxy(tls) : []),
    '  http-request set-var(txn.proto) req.fhdr(x-forwarded-proto),lower if proxied names_proto',
    '  http-request set-var(txn.port) str(80) if proxied names_proto { var(txn.proto) -m str http }',
    '  http-request set-var(txn.port) str(443) if proxied names_proto { var(txn.proto) -m str https }',
    '  http-request set-var(txn.port) req.fhdr(x-forwarded-port) if proxied names_port',
    '  http-request set-var(txn.authority) req.fhdr(x-forwarded-host) if proxied names_host',
  ]
}

/**
 * A PROXY header names the port that the visitor asked. HAProxy 2.6 does not give what else version 2 may say of TLS
 * (PP2_TYPE_SSL), but who came to 443 and is plain here has spoken TLS to the proxy.
 */
const namedByProxy = (tls: boolean): readonly string[] => [
  '  http-request set-var-fmt(txn.port) %[dst_port] if { fc_rcvd_proxy }',
  ...(tls ? [] : ['  http-request set-var(txn.proto) str(https) if { fc_rcvd_proxy } { dst_port 443 }']),
]

const hopOf = (hop: number): string => `req.hdr_ip(x-forwarded-for,-${hop})`

/** Where a request came in, to the app: what a trusted proxy says, else ours. */
export const forwardedHeaders: readonly string[] = [
  '  http-request add-header X-Forwarded-Proto %[var(txn.proto)]',
  '  http-request add-header X-Forwarded-Port %[var(txn.port)]',
  '  http-request add-header X-Forwarded-Host %[var(txn.authority)]',
]

/** A condition: the port needs not be said. */
export const usualPort = '{ var(txn.proto),concat(:,txn.port) -m str http:80 https:443 }'

/** Redirects to https, and the word of it, by the scheme that the visitor has used. */
export const forwardedSecurity = (
  options: Pick<ConfigurationOptions, 'httpPort' | 'httpsPort' | 'proxyProtocol'>,
): string[] => {
  const { httpPort, httpsPort, proxyProtocol } = options
  const to = (port: string, condition: string): string =>
    `  http-request redirect location https://%[var(txn.host)]${port}%[pathq] code 308 if marked { var(txn.proto) -m str http } { var(txn.slot),field(2,.) -m sub r } ${condition}`
  return [
    // Where the proxy takes https is not where we do.
    to('', 'proxied'),
    ...(proxyProtocol ? [to('', `{ fc_rcvd_proxy } !{ dst_port ${httpPort} }`)] : []),
    to(portText(httpsPort, 443), '!proxied'),
    '  http-after-response set-header Strict-Transport-Security max-age=31536000 if marked { var(txn.proto) -m str https } { var(txn.slot),field(2,.) -m sub h }',
  ]
}
