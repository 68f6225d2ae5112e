import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, chown, lstat, mkdir, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { inspectPart } from '../../scripts/inspect-part.ts'
import { type Layout, layout } from '../../scripts/layout.ts'
import type { Listener, Part, Words } from '../../scripts/parts.ts'
import { startPart } from '../../scripts/start-part.ts'
import { stopPart } from '../../scripts/stop-part.ts'

/** Of the checkout, as its fingerprint names it. */
const code = 'a'

const user = { name: 'nobody', uid: 65_534, gid: 65_534 }
const settled = { timeout: 10_000, interval: 20 }

it('restarts a child that is killed, and keeps what it printed', async () => {
  const places = await instanceFolder()
  await startPart({ part: part(['sh', '-c', 'echo began; exec sleep 1000']), places, code })
  const first = await running(places)

  process.kill(first, 'SIGKILL')

  await vi.waitUntil(() => inspectPart('router', places).child?.pid !== first, settled)
  expect(await running(places)).not.toBe(first)
  await vi.waitFor(async () => {
    const log = await readFile(places.log('router'), 'utf8')
    expect(log.match(/^began$/gm)).toHaveLength(2)
    expect(log).toMatch(/router ended with code 137; it starts again in 200 ms/)
  }, settled)
})

it('ends the child on TERM and leaves no pid file behind', async () => {
  const places = await instanceFolder()
  await startPart({ part: part(['sleep', '1000']), places, code })
  const child = await running(places)

  await stopPart('router', places)

  expect(lives(child)).toBe(false)
  expect(existsSync(places.pidFile('router'))).toBe(false)
  expect(existsSync(places.supervisorPidFile('router'))).toBe(false)
  expect(inspectPart('router', places).state).toBe('stopped')
})

it.runIf(process.getuid?.() === 0)('holds a socket as the user whose folder it is in', async () => {
  const places = await instanceFolder()
  await mkdir(places.router)
  await chmod(places.home, 0o711)
  const target = join(places.home, 'of-root')
  await writeFile(target, 'untouched')
  const path = join(places.router, 'held.sock')
  await symlink(target, path)
  await chown(places.router, user.uid, user.gid)

  await startPart({ part: { ...part(['sleep', '1000']), holds: { path, owner: user } }, places, code })
  await running(places)

  const { uid, gid, mode } = await lstat(path)
  expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: user.uid, gid: user.gid, mode: 0o600 })
  expect(await readFile(target, 'utf8')).toBe('untouched')
  // It waits for a child that never accepts.
  const client = connect(path)
  onTestFinished(() => void client.destroy())
  await once(client, 'connect')
})

it.runIf(process.getuid?.() === 0)(
  'starts a part without its socket where its user cannot make it',
  async () => {
    const places = await instanceFolder()
    const holds = { path: join(places.home, 'held.sock'), owner: user }
    await startPart({
      part: { ...part(['sh', '-c', 'echo "held: $LISTEN_FDS"; exec sleep 1000']), holds },
      places,
      code,
    })
    await running(places)
    await vi.waitFor(async () => {
      const log = await readFile(places.log('router'), 'utf8')
      expect(log).toMatch(/^hold-socket: unlink .*held\.sock: Permission denied\n/)
      expect(log).toMatch(/^held: $/m)
    }, settled)
  },
)

it('lets a part that runs as it should go on, and replaces one with another command', async () => {
  const places = await instanceFolder()
  await startPart({ part: part(['sleep', '1000']), places, code })
  const first = await running(places)

  expect(await startPart({ part: part(['sleep', '1000']), places, code })).toBe('running')
  expect(await running(places)).toBe(first)

  expect(await startPart({ part: part(['sleep', '2000']), places, code })).toBe('replaced')
  const second = await running(places)
  expect(second).not.toBe(first)
  expect(lives(first)).toBe(false)

  expect(await startPart({ part: part(['sleep', '2000']), places, code: 'b' })).toBe('replaced')
  expect(await running(places)).not.toBe(second)
  expect(lives(second)).toBe(false)
})

it('replaces a child whose supervisor was killed', async () => {
  const places = await instanceFolder()
  await startPart({ part: part(['sleep', '1000']), places, code })
  const orphan = await running(places)
  const supervisor = inspectPart('router', places).supervisor?.pid ?? 0
  process.kill(supervisor, 'SIGKILL')
  await vi.waitUntil(() => inspectPart('router', places).state === 'unsupervised', settled)

  await startPart({ part: part(['sleep', '1000']), places, code })

  expect(await running(places)).not.toBe(orphan)
  expect(lives(orphan)).toBe(false)
})

it('refuses to start a part whose port another program has, naming the setting', async () => {
  const places = await instanceFolder()
  const taken = createServer()
  const { promise, resolve } = Promise.withResolvers<void>()
  taken.listen(0, '127.0.0.1', resolve)
  await promise
  onTestFinished(() => void taken.close())
  const address = taken.address()
  const port = typeof address === 'object' && address ? address.port : 0

  const listener = { setting: 'PAAS_SSH_PORT', host: '127.0.0.1', port }
  await expect(startPart({ part: part(['sleep', '1000'], [listener]), places, code })).rejects.toThrow(
    `PAAS_SSH_PORT=${port} is taken by another program`,
  )
  expect(inspectPart('router', places).state).toBe('stopped')
})

async function instanceFolder(): Promise<Layout> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'paas-supervise-'))
  const places = layout(folder.path)
  onTestFinished(async () => {
    await stopPart('router', places)
    await folder.remove()
  })
  await mkdir(places.run)
  await mkdir(places.logs)
  return places
}

function part(command: Words, listens: readonly Listener[] = []): Part {
  return {
    name: 'router',
    command,
    prefix: [],
    folder: '/',
    environment: { PATH: '/usr/bin:/bin' },
    inheritsEnvironment: false,
    listens,
  }
}

/** A zombie has no command line any more. */
function lives(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
}

async function running(places: Layout): Promise<number> {
  const condition = await vi.waitUntil(() => {
    const now = inspectPart('router', places)
    return now.state === 'running' ? now : undefined
  }, settled)
  return condition.child?.pid ?? 0
}
