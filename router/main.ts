import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { collectWhenIdle } from '../server/collect-when-idle.ts'
import { readSettings } from '../server/settings.ts'
import { createBalancer } from './balancer.ts'
import { bootLine, type ConfigurationOptions } from './configuration.ts'
import { follow } from './follower.ts'
import { heldSocket } from './held-socket.ts'
import { startMetrics } from './metrics.ts'
import { startPages } from './pages.ts'
import { routerPaths } from './paths.ts'
import { replaceFile } from './replace-file.ts'
import { report } from './report.ts'
import { startRequestLog } from './request-log.ts'
import { readSnapshot, writeSnapshot } from './snapshot.ts'
import { emptyTable, type Table } from './table.ts'
import { createTraffic } from './traffic.ts'

const firstReadMs = 2_000
const snapshotDelayMs = 200

/** Follows the routes in Redis and keeps HAProxy in step with them, until SIGTERM. HAProxy goes on without it. */
async function main(): Promise<void> {
  const stop = stopSignal()
  process.umask(0o027)
  using _collecting = collectWhenIdle()
  const settings = readSettings()
  const paths = routerPaths(settings.home)
  await mkdir(paths.directory, { recursive: true, mode: 0o750 })
  const id = await routerId(paths.id)
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const configuration: ConfigurationOptions = {
    paths,
    boot,
    httpHost: settings.httpHost,
    httpPort: settings.httpPort,
    httpsPort: settings.httpsPort,
    trustedProxies: settings.trustedProxies,
    proxyProtocol: settings.proxyProtocol,
    openFiles: await openFiles(),
  }
  const snapshot = snapshotWriter(paths.snapshot)
  const known = await readSnapshot(paths.snapshot, boot).catch((error: Error) => {
    report(`ignored ${paths.snapshot}: ${error.message}`)
    return emptyTable
  })

  const balancer = createBalancer({
    configuration,
    report,
    onServed: ({ epoch, draining }) => follower.acknowledge(epoch?.generation ?? 0, draining),
    onDraining: (draining) => follower.draining(draining),
    onDown: () => follower.silence(),
  })
  const traffic = createTraffic()
  await using _pages = await startPages({ socket: paths.pageSocket, report, routes: balancer.routes })
  await using _metrics = await startMetrics({
    socket: paths.metricsSocket,
    port: settings.metricsPort,
    report,
    traffic,
    routes: balancer.routes,
    inFlight: balancer.inFlight,
  })
  // The last to begin: with the first lines it is asked for names, which the known table has.
  await using log = await startRequestLog({
    socket: paths.logSocket,
    held: heldSocket(),
    directory: paths.logs,
    report,
    routes: balancer.routes,
    ownerOfSlot: balancer.ownerOfSlot,
    traffic,
  })
  await using follower = follow({
    url: redisAddress(settings.redisUrl, settings.home),
    id,
    boot,
    table: known,
    report,
    onTable(table) {
      balancer.serve(table)
      log.learn(balancer.routes())
      snapshot.write(table)
    },
  })
  if (known.epoch) {
    balancer.serve(known)
    log.learn(balancer.routes())
  } else {
    // HAProxy waits a moment for the first table, rather than start with nothing.
    await Promise.race([follower.read, delay(firstReadMs, undefined, { ref: false })])
  }
  if (balancer.routes().hosts.size > 0 || !(await isOfBoot(paths.configuration, boot))) await balancer.write()
  await balancer.run(stop)
  await snapshot.flush()
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort())
  process.once('SIGINT', () => stop.abort())
  return stop.signal
}

const redisAddress = (url: string | undefined, home: string): string =>
  url?.replace(/^unix:(\/\/)?/, '') ?? join(home, 'run', 'redis.sock')

/** The id that this router keeps for ever. */
async function routerId(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (/^[0-9a-f]{16}$/.test(text.trim())) return text.trim()
  const id = randomBytes(8).toString('hex')
  await replaceFile(path, `${id}\n`)
  return id
}

/** How many files HAProxy may have open: it is started as we are, so its limit is ours. */
async function openFiles(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8')
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 1_000_000)
}

async function isOfBoot(configuration: string, boot: string): Promise<boolean> {
  return (await readFile(configuration, 'utf8').catch(() => '')).startsWith(bootLine(boot))
}

function snapshotWriter(path: string): { write(table: Table): void; flush(): Promise<void> } {
  let newest: Table | undefined
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    writing = writing.then(async () => {
      const table = newest
      newest = undefined
      if (!table) return
      await writeSnapshot(path, table).catch((error: Error) =>
        report(`can't write ${path}: ${error.message}`),
      )
    })
    return writing
  }
  return {
    write(table) {
      newest = table
      timer ??= setTimeout(flush, snapshotDelayMs)
    },
    flush,
  }
}

if (import.meta.main) {
  await main().catch((error: Error) => {
    report(error.message)
    process.exitCode = 1
  })
}
