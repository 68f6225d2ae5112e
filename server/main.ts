import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { HttpDoor } from './api/http-door.ts'
import { followLoad } from './autoscale/follow-load.ts'
import { finishRestore } from './backup/finish-restore.ts'
import { undoLeftRestore } from './backup/undo-restore.ts'
import { Brakes } from './brakes/brakes.ts'
import { collectWhenIdle } from './collect-when-idle.ts'
import { followSchedules } from './cron/follow-schedules.ts'
import { BuildTurns } from './deploy/build-turns.ts'
import { ConfigFiles } from './deploy/config-files.ts'
import { endLeftVisits } from './deploy/enter-process.ts'
import { Jobs } from './deploy/jobs.ts'
import { Locks } from './deploy/locks.ts'
import { recover } from './deploy/recover.ts'
import { removeLateStrays } from './deploy/remove-late-strays.ts'
import { Sandboxes } from './deploy/sandboxes.ts'
import { supervise } from './deploy/supervise.ts'
import { watchChecks } from './deploy/watch-checks.ts'
import { dispatch } from './dispatch.ts'
import { Engine } from './docker/engine.ts'
import { RunningDrains } from './drains/running-drains.ts'
import { PaasError } from './errors.ts'
import { runEventHooks } from './events/event-hooks.ts'
import { Events } from './events/events.ts'
import { AppLogs } from './logs/app-logs.ts'
import { FolderEvents } from './logs/folder-events.ts'
import { requestLogs } from './logs/router-log.ts'
import { Outputs } from './outputs/outputs.ts'
import type { Paas } from './paas.ts'
import { Routes } from './redis/routes.ts'
import { loadRegistry } from './registry.ts'
import { routeSource } from './routing.ts'
import { Secrets } from './secrets.ts'
import { backUpBySchedule } from './services/back-up-by-schedule.ts'
import { Provisioning } from './services/provisioning.ts'
import { removeHalfBackups } from './services/remove-half-backups.ts'
import { loadServiceKinds } from './services/service-kinds.ts'
import { isLocalDocker, readSettings, type Settings } from './settings.ts'
import { type Door, openDoor } from './ssh/door.ts'
import { loadHostKey } from './ssh/host-key.ts'
import { parsePublicKey } from './ssh/public-key.ts'
import { Store } from './state/store.ts'
import { CertificateFiles } from './tls/certificate-files.ts'
import { Challenges } from './tls/challenges.ts'
import { renewCertificates } from './tls/letsencrypt.ts'
import { Renewals } from './tls/renewals.ts'
import { Walls } from './walls/walls.ts'
import { runWebhooks } from './webhooks/run-webhooks.ts'

const startedAt = new Date()
/** What is left of the spare sandboxes then is a stray to the next start. */
const sandboxesMs = 2_000
/** Whoever asks for a new start learns first that what he asked for is done. */
const startAnewMs = 1_000
/** A job that has not ended then is ended by the next start. */
const jobsMs = 5_000

const log = (line: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`)
}

/** Starts the server: state, Docker, routes, then the door; what an earlier process left is ended first. */
async function main(): Promise<void> {
  collectWhenIdle()
  const settings = readSettings()
  for (const folder of ['ssh', 'repositories', 'hooks', 'run'])
    mkdirSync(join(settings.home, folder), { recursive: true, mode: 0o700 })
  const registry = await loadRegistry()
  const restored = finishRestore(settings.home)
  const store = new Store(settings.home)
  const closing = new AbortController()
  const kinds = await loadServiceKinds({
    home: settings.home,
    url: settings.mysqlUrl,
    image: settings.mysqlImage,
    instanceId: store.instanceId,
    log,
  })
  const engine = new Engine({ dockerHost: settings.dockerHost })
  const outputs = new Outputs(settings.home)
  const proved = new Set<string>()
  const unready = new Map<string, string>()
  const isProved = (name: string): boolean => proved.has(name) && !unready.has(name)
  const walls = new Walls({ store, kinds, settings, isProved, log, closing: closing.signal })
  const challenges = new Challenges()
  const secrets = new Secrets(store)
  const events = new Events(settings.home, log)
  const isLocal = isLocalDocker(settings.dockerHost)
  const appLogs = new AppLogs({ engine, store, settings, secrets, log, closing: closing.signal })
  const brakes = new Brakes({ engine, store, events, logs: appLogs, isLocal, log, closing: closing.signal })
  let door: Door | undefined
  let httpDoor: HttpDoor | undefined
  let end = async (): Promise<void> => exit(0)
  const paas: Paas = {
    settings,
    store,
    engine,
    routes: new Routes({
      url: settings.redisUrl ?? `unix://${join(settings.home, 'run', 'redis.sock')}`,
      source: routeSource({
        store,
        settings,
        challenges,
        isProved,
      }),
      log,
    }),
    challenges,
    renewals: new Renewals(),
    certificateFiles: new CertificateFiles(settings.home, store),
    configFiles: new ConfigFiles(settings.home),
    locks: new Locks(),
    buildTurns: new BuildTurns(settings.buildsAtOnce),
    jobs: new Jobs({ store, outputs, closing: closing.signal }),
    outputs,
    appLogs,
    requestEvents: new FolderEvents(requestLogs(settings.home)),
    cronOutputs: new Outputs(settings.home, 'cron-outputs'),
    sandboxes: new Sandboxes({ engine, store, walls, mostSpares: settings.spareSandboxes, log }),
    events,
    drains: new RunningDrains(),
    provisioning: new Provisioning({ store, kinds, walls, log, closing: closing.signal }),
    walls,
    brakes,
    secrets,
    proved,
    unready,
    log,
    endSessionsOf: async (fingerprint) => {
      await Promise.all([door?.endSessionsOf(fingerprint), httpDoor?.endSessionsOf(fingerprint)])
    },
    startAnew: () => void wait(startAnewMs).then(() => end()),
    closing: closing.signal,
  }
  if (restored) {
    const message = 'A backup was restored: this server goes on as the one that it is of'
    paas.events.record({ type: 'server-restored', who: 'paas', message })
  }
  admitAdmin(settings, store)
  runEventHooks(paas).catch((error: unknown) => log(`Hooks of events ended: ${String(error)}`))
  runWebhooks(paas).catch((error: unknown) => log(`Webhooks ended: ${String(error)}`))

  await walls.raise()
  walls.watch().catch((error: unknown) => log(`Walls are not watched any more: ${String(error)}`))
  await endLeftVisits(paas)
  await goOn(paas).catch((error: unknown) => goOnLater(paas, error))
  paas.provisioning.start()
  await removeHalfBackups(settings.home)
  undoLeftRestore(paas).catch((error: unknown) => {
    if (!paas.closing.aborted) log(`The end of a restore: ${String(error)}`)
  })
  backUpBySchedule(paas).catch((error: unknown) => log(`Backups by schedule ended: ${String(error)}`))

  const key = await loadHostKey(join(settings.home, 'ssh', 'host_key'))
  door = await openDoor({
    host: settings.sshHost,
    port: settings.sshPort,
    hostKey: key.privateKey,
    identify: ({ fingerprint }) => {
      const known = store.people.key(fingerprint)
      return known && { userId: known.userId, name: known.userName, fingerprint }
    },
    run: (session) => dispatch(paas, registry, session),
    log: (event) => {
      if (event.event === 'failed' || event.event === 'error') log(`SSH: ${String(event.error)}`)
    },
  })
  if (settings.apiPort !== undefined) {
    // Loaded only where it is wanted: with what it needs it takes some MB.
    const { openHttpDoor } = await import('./api/http-door.ts')
    httpDoor = await openHttpDoor({
      host: settings.apiHost,
      port: settings.apiPort,
      paas,
      registry,
      run: (session) => dispatch(paas, registry, session),
    })
    log(`HTTP API on ${settings.apiHost}:${httpDoor.port}`)
  }
  log(
    `ready: ssh on ${settings.sshHost}:${door.port}, host key ${key.fingerprint}, instance ${store.instanceId}`,
  )

  let ending = false
  end = async (): Promise<void> => {
    if (ending) return
    ending = true
    closing.abort()
    await Promise.all([door?.[Symbol.asyncDispose](), httpDoor?.[Symbol.asyncDispose]()])
    await Promise.race([paas.jobs.ended(), wait(jobsMs)])
    await Promise.race([paas.sandboxes.close(), wait(sandboxesMs)])
    await paas.routes.close()
    store.close()
    exit(0)
  }
  process.on('SIGTERM', () => void end())
  process.on('SIGINT', () => void end())
}

/** The key in `$PAAS_HOME/ssh/admin.pub` belongs to the user `admin`; `make up` puts it there. */
function admitAdmin(settings: Settings, store: Store): void {
  const file = join(settings.home, 'ssh', 'admin.pub')
  if (!existsSync(file)) return
  const publicLine = readFileSync(file, 'utf8').trim()
  const { fingerprint } = parsePublicKey(publicLine)
  if (store.people.key(fingerprint)) return
  const admin = store.people.userByName('admin') ?? store.people.createUser('admin', 'admin')
  store.people.addKey({ fingerprint, userId: admin.id, publicLine })
}

/** What an earlier process left is ended; then routes are published and what runs is watched over. */
async function goOn(paas: Paas): Promise<void> {
  // What is removed now has its last lines taken first.
  await paas.appLogs.start()
  await recover(paas, startedAt)
  // Where they cannot be changed now their watch does it; routes do not wait for that.
  await paas.walls.recovered().catch((error: unknown) => log(`Walls: ${String(error)}`))
  paas.certificateFiles.restore()
  paas.routes.follow()
  paas.brakes.watch().catch((error: unknown) => log(`Brakes ended: ${String(error)}`))
  supervise(paas).catch((error: unknown) => log(`Supervision ended: ${String(error)}`))
  renewCertificates(paas).catch((error: unknown) => log(`Renewal of certificates ended: ${String(error)}`))
  removeLateStrays(paas).catch((error: unknown) => {
    if (!paas.closing.aborted) log(`Late strays: ${String(error)}`)
  })
  for (const drain of paas.store.drains.all()) paas.drains.start(paas, drain)
  followSchedules(paas).catch((error: unknown) => {
    if (!paas.closing.aborted) log(`Schedules ended: ${String(error)}`)
  })
  followLoad(paas).catch((error: unknown) => {
    if (!paas.closing.aborted) log(`Scaling by load ended: ${String(error)}`)
  })
  watchChecks(paas).catch((error: unknown) => log(`Checks ended: ${String(error)}`))
}

/**
 * Docker is down: the door opens all the same, routers keep the routes that they have, and what was left is ended
 * as soon as Docker answers.
 */
function goOnLater(paas: Paas, error: unknown): void {
  const describe = (failure: unknown): string =>
    failure instanceof PaasError
      ? failure.message
      : failure instanceof Error
        ? `${failure.stack}`
        : `${failure}`
  let told = describe(error)
  paas.log(`${told}; trying again until it answers`)
  const again = async (): Promise<void> => {
    while (!paas.closing.aborted) {
      await wait(1_000, undefined, { signal: paas.closing })
      try {
        await goOn(paas)
        return paas.log('Docker answers; all that was left is ended')
      } catch (failure) {
        if (describe(failure) !== told) paas.log(describe(failure))
        told = describe(failure)
      }
    }
  }
  again().catch((failure: unknown) => {
    if (!paas.closing.aborted) paas.log(`Recovery failed: ${describe(failure)}`)
  })
}

/** The one place where the process ends by itself. */
function exit(code: number): never {
  process.exit(code)
}

// Whoever fills the compile cache imports this file and starts nothing.
if (import.meta.main) {
  // A task in the background that nobody awaits must not take every session and deploy with it.
  process.on('unhandledRejection', (reason) =>
    log(`Internal error, unhandled: ${reason instanceof Error ? reason.stack : String(reason)}`),
  )
  main().catch((error: unknown) => {
    if (error instanceof PaasError)
      process.stderr.write(` !     ${error.message}\n       ${error.next ?? ''}\n`)
    else log(`Start failed: ${error instanceof Error ? error.stack : String(error)}`)
    exit(1)
  })
}
