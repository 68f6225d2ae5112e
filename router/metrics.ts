import { rm } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ListenOptions } from 'node:net'
import { http } from '../server/net/lean-http.ts'
import type { AppTraffic } from './contract.ts'
import type { Report } from './report.ts'
import type { Routes } from './table.ts'
import { edgesMs, type Traffic } from './traffic.ts'

export type MetricsOptions = {
  /** Unix socket where the server asks. */
  readonly socket: string
  /** Where Prometheus asks, on the loopback address; undefined: nowhere. */
  readonly port: number | undefined
  readonly report: Report
  readonly traffic: Traffic
  routes(): Routes
  /** App id to the requests and connections that its containers are busy with. */
  inFlight(): Promise<ReadonlyMap<string, number>>
}

/** Tells what is asked of the apps, until it is disposed: `/traffic` to the server, `/metrics` to Prometheus. */
export async function startMetrics(options: MetricsOptions): Promise<AsyncDisposable> {
  const { socket, port, report } = options
  await rm(socket, { force: true })
  const servers = [await listen({ path: socket }, report, (url) => answer(options, url))]
  // The request log must not end for want of a port.
  if (port !== undefined)
    servers.push(
      await listen({ host: '127.0.0.1', port }, report, (url) =>
        url === '/metrics' ? answer(options, url) : undefined,
      ),
    )
  return {
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

type Answer = { readonly type: string; readonly body: string }

async function listen(
  where: ListenOptions,
  report: Report,
  find: (url: string) => Promise<Answer | undefined> | undefined,
): Promise<Server> {
  const server = http.createServer((request, response) => {
    respond(request, response, find).catch((error: Error) => {
      response.writeHead(503, { 'Content-Type': 'text/plain' })
      response.end(`${error.message}\n`)
    })
  })
  await new Promise<void>((resolve) => {
    server.on('error', (error) => {
      report(`metrics: ${error.message}`)
      resolve()
    })
    server.listen(where, resolve)
  })
  return server
}

async function respond(
  { method, url = '/' }: IncomingMessage,
  response: ServerResponse,
  find: (url: string) => Promise<Answer | undefined> | undefined,
): Promise<void> {
  const found = method === 'GET' ? await find(url) : undefined
  response.writeHead(found ? 200 : 404, { 'Content-Type': found?.type ?? 'text/plain' })
  response.end(found?.body ?? 'There is /metrics\n')
}

async function answer(options: MetricsOptions, url: string): Promise<Answer | undefined> {
  const { traffic, routes } = options
  if (url !== '/metrics' && url !== '/traffic') return undefined
  traffic.keep((id) => routes().targets.has(id) || id === 'unknown' || id === 'foreign')
  const inFlight = await options.inFlight()
  if (url === '/metrics')
    return { type: 'text/plain; version=0.0.4; charset=utf-8', body: prometheusText(options, inFlight) }
  const apps: Record<string, AppTraffic> = {}
  for (const { app } of routes().targets.values())
    if (app !== undefined)
      apps[app] = {
        ...traffic.lastMinute(app),
        inFlight: inFlight.get(app) ?? 0,
        refused: traffic.refused(app),
      }
  return { type: 'application/json', body: JSON.stringify(apps) }
}

/** Those that Prometheus is told: fewer, since each is a line for each app. */
const toldMs: ReadonlySet<number> = new Set([
  5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
])

function prometheusText({ traffic, routes }: MetricsOptions, inFlight: ReadonlyMap<string, number>): string {
  const { targets } = routes()
  const label = (id: string): string => `app="${targets.get(id)?.name ?? id}"`
  const totals = [...traffic.totals()]
  const apps = [...targets.values()].flatMap(({ app, backends }) =>
    app === undefined ? [] : [{ app, backends }],
  )
  return [
    ...family('paas_requests_total', 'counter', 'Answers by app and status.', () =>
      totals.flatMap(([id, { statuses }]) =>
        [...statuses].map(([status, count]) => `{${label(id)},code="${status}"} ${count}`),
      ),
    ),
    ...family('paas_response_bytes_total', 'counter', 'Bytes of these answers, headers included.', () =>
      totals.map(([id, { bytes }]) => `{${label(id)}} ${bytes}`),
    ),
    ...family('paas_response_seconds', 'histogram', 'Time until an answer begins.', () =>
      totals.flatMap(([id, { classes, sumMs }]) => histogram(label(id), classes, sumMs)),
    ),
    ...family(
      'paas_requests_in_flight',
      'gauge',
      'Requests and connections that containers are busy with.',
      () => apps.map(({ app }) => `{${label(app)}} ${inFlight.get(app) ?? 0}`),
    ),
    ...family('paas_backends', 'gauge', 'Containers that requests are sent to.', () =>
      apps.map(({ app, backends }) => `{${label(app)}} ${backends.length}`),
    ),
    '',
  ].join('\n')
}

function family(
  name: string,
  type: string,
  help: string,
  samples: () => readonly string[],
): readonly string[] {
  const named = samples().map((sample) => `${name}${sample}`)
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...named]
}

function histogram(label: string, classes: readonly number[], sumMs: number): readonly string[] {
  let within = 0
  const buckets = edgesMs.flatMap((edge, index) => {
    within += classes[index] ?? 0
    return toldMs.has(edge) ? [`_bucket{${label},le="${edge / 1000}"} ${within}`] : []
  })
  const all = within + (classes.at(-1) ?? 0)
  return [
    ...buckets,
    `_bucket{${label},le="+Inf"} ${all}`,
    `_sum{${label}} ${sumMs / 1000}`,
    `_count{${label}} ${all}`,
  ]
}
