import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const hostCharacters = '[a-z0-9.:_\\[\\]-]'

/**
 * nginx's `http` section with the duties that our router has for every request: host and path looked up in a map of
 * `hosts`, a refused Host, a request id passed on and logged, X-Forwarded-* set anew, WebSockets, and a line in a log.
 * `hosts` are written to a file in `folder`.
 */
export async function peerConfiguration(options: {
  readonly folder: string
  readonly port: number
  readonly origin: string
  readonly hosts: readonly string[]
}): Promise<string> {
  const { folder, port, origin, hosts } = options
  const map = join(folder, 'hosts.map')
  await writeFile(map, hosts.map((host) => `${host} app;\n`).join(''))
  return `
  map_hash_max_size 65536;
  map_hash_bucket_size 128;
  map $host $app { hostnames; default unknown; include ${map}; }
  map $http_upgrade $upgraded { default ""; websocket upgrade; }
  upstream app { server ${origin}; keepalive 512; keepalive_requests 1000000000; }
  upstream unknown { server ${origin}; }
  log_format requests '$msec app[router]: at=info method=$request_method path="$request_uri" host=$host '
    'request_id=$request_id fwd="$remote_addr" dyno=$upstream_addr connect=$upstream_connect_time '
    'service=$upstream_response_time status=$status bytes=$bytes_sent';
  server {
    listen 127.0.0.1:${port} backlog=4096;
    access_log ${join(folder, 'access.log')} requests buffer=64k flush=1s;
    if ($http_host !~* ^${hostCharacters}+$) { return 400; }
    if ($request_method = TRACE) { return 400; }
    client_max_body_size 0;
    location / {
      proxy_pass http://$app;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header Connection $upgraded;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Forwarded "";
      proxy_set_header X-Real-IP "";
      proxy_set_header X-Request-Start "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Request-ID $request_id;
    }
  }
`
}

/** What both routers ask: answers a kilobyte at once, at two addresses. */
export const originConfiguration = (port: number): string => `
  access_log off;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen 127.0.0.2:${port} backlog=4096;
    location / { default_type text/plain; return 200 "${'x'.repeat(1023)}\\n"; }
  }
`
