import { readFileSync } from 'node:fs'
import { execa } from 'execa'
import { apiAddress } from '../server/api/api-address.ts'
import type { Settings } from '../server/settings.ts'
import { adminKey, writeAdminKey } from './admin-key.ts'
import { ensureBaseImages } from './base-images.ts'
import { fillCompileCache } from './compile-cache.ts'
import { connectToRouter } from './connect-to-router.ts'
import { ensureEngine } from './engine.ts'
import { makeFolders } from './folders.ts'
import { installed } from './installed.ts'
import { checkout, type Instance, instance } from './instance.ts'
import type { Layout } from './layout.ts'
import { ensureMysqlImage } from './mysql-image.ts'
import { answersHttp, answersMysql, answersSocket, answersSsh, type Probe, ready } from './ready.ts'
import { refuseOtherDatabases } from './refuse-other-databases.ts'
import { routerReady } from './router-ready.ts'
import { say } from './say.ts'
import { loopbackFor, sshConfig, writeSshConfig } from './ssh-config.ts'
import { startPart } from './start-part.ts'
import { isAsStarted, recordStart, type Start } from './start-record.ts'

/** Starts all of an instance that does not run, and returns when its parts answer and a push would be taken, also one that asks for a database. */
export async function up(): Promise<Instance> {
  const startedAt = Date.now()
  const ours = await instance()
  const { settings, places, users } = ours

  await ensureEngine(settings)
  // Every container gets its network from one of it.
  await ensureBaseImages(settings.dockerHost, ['busybox'])
  await refuseOtherDatabases(settings, places)
  if (settings.mysqlImage !== undefined) await ensureMysqlImage(settings.mysqlImage, settings.dockerHost)
  await makeFolders(places, users)
  const code = await fillCompileCache(checkout, users.router)
  const key = await adminKey(settings.adminKey, places)
  await writeAdminKey(key, places)

  if (installed(settings.home)) await startUnits(ours, code)
  else await startSupervised(ours, code)

  await Promise.all([
    ready('server', places, answersSsh(loopbackFor(settings.sshHost), settings.sshPort)),
    ready(
      'haproxy',
      places,
      answersHttp(() => connectToRouter(settings)),
    ),
    routerReady(settings, places),
    settings.mysqlUrl === undefined ? mysqlReady(settings, places) : undefined,
  ])
  await writeSshConfig(settings, places, key)

  say.heading(`Ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
  say.detail(nextCommands(settings, places.sshConfig))
  say.detail(
    `\nFor plain \`git push paas:hello main\`, add this to ~/.ssh/config:\n\n${sshConfig(settings, places, key)}`,
  )
  const warning = apiAddress(settings)?.warning
  if (warning !== undefined)
    say.trouble(
      `The HTTP API is open to other machines without TLS: a token that is read on its way is lost.\n${warning}`,
    )
  return ours
}

async function startSupervised({ parts, places, settings }: Instance, code: string): Promise<void> {
  say.step(`Starting the instance in ${settings.home}`)
  for (const part of parts) {
    const outcome = await startPart({ part, places, code })
    say.detail(`${part.name.padEnd(8)} ${words[outcome]}`)
    if (part.name === 'redis') await ready('redis', places, answersSocket(places.redisSocket))
  }
}

const words = { started: 'started', running: 'runs already', replaced: 'started again' }

/** From an image it installs itself first, which takes MySQL a while. */
async function mysqlReady({ mysqlImage }: Settings, places: Layout): Promise<void> {
  const own: Probe = answersMysql(() => ({ path: places.mysqlSocket }))
  const fromImage: Probe = answersMysql(() => {
    const port = numberIn(places.mysqlPort)
    return port === undefined ? undefined : { host: '127.0.0.1', port }
  })
  await (mysqlImage === undefined ? ready('mysql', places, own) : ready('mysql', places, fromImage, 120_000))
}

function numberIn(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10)
  } catch {
    return undefined
  }
}

/** Those that run other code, or with other settings, than they would now are started again. */
async function startUnits({ parts, places }: Instance, code: string): Promise<void> {
  say.step('Starting the installed units; from now on use systemctl yourself: systemctl status "paas-*"')
  const starts = parts.filter(({ name }) => name !== 'rotate').map((part) => ({ part, places, code }))
  // Before the first: one unit starts others that it wants.
  const decided = await Promise.all(
    starts.map(async (start) => ({ start, outcome: await unitOutcome(start) })),
  )
  for (const { start, outcome } of decided) {
    await execa('systemctl', [outcome === 'replaced' ? 'restart' : 'start', unitOf(start)])
    await recordStart(start)
    say.detail(`${start.part.name.padEnd(8)} ${words[outcome]}`)
  }
}

async function unitOutcome(start: Start): Promise<keyof typeof words> {
  const { failed: stopped } = await execa({ reject: false })('systemctl', [
    'is-active',
    '--quiet',
    unitOf(start),
  ])
  if (stopped) return 'started'
  return (await isAsStarted(start)) ? 'running' : 'replaced'
}

const unitOf = ({ part }: Start): string => `paas-${part.name}`

function nextCommands(settings: Settings, config: string): string {
  const api = apiAddress(settings)
  return [
    `Apps answer at http://APP.${settings.domain}:${settings.httpPort}/`,
    ...(api ? [`The HTTP API answers at ${api.url}`] : []),
    `ssh -F ${config} paas apps`,
    `GIT_SSH_COMMAND="ssh -F ${config}" git push paas:hello main`,
  ].join('\n')
}
