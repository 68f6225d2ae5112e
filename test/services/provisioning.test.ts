import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { UnavailableError } from '../../server/errors.ts'
import { asUser, locate } from '../../server/services/mysql/connection.ts'
import { Provisioning } from '../../server/services/provisioning.ts'
import { loadServiceKinds } from '../../server/services/service-kinds.ts'
import type { Service } from '../../server/state/services.ts'
import { Store } from '../../server/state/store.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

let mariadb: TestInstance
let faulty: FaultyWay
beforeAll(async () => {
  mariadb = await startInstance({ MYSQL_URL: '' })
  await until('MariaDB answers', async () => (await mariadb.ssh('mysql:create first')).exitCode === 0)
  await admin("CREATE USER boss@127.0.0.1 IDENTIFIED BY 'secret'")
  await admin('GRANT ALL ON *.* TO boss@127.0.0.1 WITH GRANT OPTION')
  faulty = await openFaultyWay(Number(readFileSync(join(mariadb.home, 'mysql', 'port'), 'utf8')))
})
beforeEach(() => faulty.mend())
afterAll(async () => {
  faulty?.close()
  await mariadb?.[Symbol.asyncDispose]()
})

async function admin(sql: string): Promise<string> {
  const socket = join(mariadb.home, 'run', 'mysqld.sock')
  return (await execa('mariadb', ['--no-defaults', '--batch', '-N', '-S', socket, '-e', sql])).stdout
}

/** All databases and users that are there. */
const everything = (): Promise<string> =>
  admin(
    'SELECT schema_name FROM information_schema.schemata ORDER BY 1; SELECT user, host FROM mysql.user ORDER BY 1',
  )

/** The apps here have no networks. */
const walls = { raise: async () => {} }

/** A state store and services of a test's own, on the MariaDB behind the faulty way. */
async function desk() {
  const home = mkdtempSync(join(tmpdir(), 'paas-services-'))
  const store = new Store(home)
  const closing = new AbortController()
  const url = `mysql://boss:secret@127.0.0.1:${faulty.port}`
  const log = (): void => {}
  const kinds = await loadServiceKinds({ home, url, instanceId: store.instanceId, log })
  const provisioning = new Provisioning({ store, kinds, walls, log, closing: closing.signal })
  return {
    store,
    url,
    provisioning,
    make: async (name: string) => {
      const service = await provisioning.create({ kind: 'mysql', name, ownerId: null })
      provisioning.keep(service)
      return service
    },
    settled: async () => {
      provisioning.start()
      await until('nothing is half-made', async () => store.services.unsettled().length === 0)
    },
    [Symbol.dispose]: () => {
      closing.abort()
      store.close()
      rmSync(home, { recursive: true })
    },
  }
}

describe.each(['before', 'after'] as const)('MySQL that goes away %s it does a step', (when) => {
  test.each([0, 1, 2, 3])('of create (%i) leaves no database and no user', async (step) => {
    using services = await desk()
    const before = await everything()
    faulty.breakAt(step, when)
    const made = await services.make('blog').catch((error: unknown) => error)
    expect(faulty.broken).toBe(true)
    expect(made).toBeInstanceOf(UnavailableError)
    expect(made).toMatchObject({ exitCode: 75, message: 'MySQL is unavailable; nothing was changed' })
    faulty.mend()
    await services.settled()
    expect(await everything()).toBe(before)
    expect(services.store.services.list('mysql')).toEqual([])
    await services.make('blog')
  })

  test.each([0, 1, 2, 3])('of destroy (%i) leaves all of it or nothing', async (step) => {
    using services = await desk()
    const before = await everything()
    const service = await services.make('blog')
    const whole = await everything()
    faulty.breakAt(step, when)
    const outcome = await services.provisioning.destroy(service).catch((error: unknown) => error)
    expect(faulty.broken).toBe(true)
    expect(outcome).toBeInstanceOf(UnavailableError)
    faulty.mend()
    await services.settled()
    const left = services.store.services.list('mysql').length
    expect(await everything()).toBe(left === 1 ? whole : before)
    // The first two only ask whether it is there.
    expect(left).toBe(step < 2 ? 1 : 0)
  })
})

describe('a command whose MySQL goes away', () => {
  let paas: TestInstance
  let repository: Repository
  beforeAll(async () => {
    paas = await startInstance({ MYSQL_URL: `mysql://boss:secret@127.0.0.1:${faulty.port}` })
    repository = await makeRepository({
      Dockerfile: 'FROM paas/busybox\nCMD ["/bin/sh", "-c", "exec busybox httpd -f -p $PORT"]\n',
    })
    const push = await repository.push(paas, 'web')
    if (push.exitCode !== 0) throw new Error(push.stderr)
    await paas.ok('mysql:create blog')
  })
  afterAll(async () => {
    repository?.[Symbol.dispose]()
    await paas?.[Symbol.asyncDispose]()
  })
  const linksOfWeb = async (): Promise<unknown> => JSON.parse(await paas.ok('mysql:links web --json'))
  const isAs = (wanted: string): Promise<void> =>
    until('MySQL has what it had', async () => (await everything()) === wanted)

  describe.each(['before', 'after'] as const)('%s it does a statement', (when) => {
    test.each([0, 1, 2])(
      'of link (%i) leaves no link and no user, and the next one makes it',
      async (step) => {
        const before = await everything()
        const releases = await paas.ok('releases web --json')
        faulty.breakAt(step, when)
        const cut = await paas.ssh('mysql:link blog web')
        expect(faulty.broken).toBe(true)
        expect(cut).toMatchObject({ exitCode: 75, stdout: '' })
        expect(cut.stderr).toContain('MySQL is unavailable; nothing was changed')
        expect(await linksOfWeb()).toEqual([])
        expect(await paas.ok('releases web --json')).toBe(releases)

        faulty.mend()
        await paas.ok('mysql:link blog web --no-restart')
        expect(await linksOfWeb()).toMatchObject([{ name: 'blog', alias: 'BLOG', primary: true }])
        await paas.ok('mysql:unlink blog web --no-restart')
        await isAs(before)
      },
    )

    test('of unlink takes the link all the same, and the user as soon as it is back', async () => {
      const before = await everything()
      await paas.ok('mysql:link blog web --no-restart')
      const linked = await everything()
      faulty.breakAt(0, when)
      await paas.ok('mysql:unlink blog web --no-restart')
      await until('the user is asked to go', async () => faulty.broken)
      expect(await linksOfWeb()).toEqual([])
      expect(await everything()).toBe(when === 'before' ? linked : before)
      faulty.mend()
      await isAs(before)
      await paas.ok('mysql:link blog web --no-restart')
      await paas.ok('mysql:unlink blog web --no-restart')
      await isAs(before)
    })

    // The first two ask whether it is there; then go the link's user, the database's own, the database.
    test.each([2, 3, 4])('of the destroying of a linked database (%i) leaves none of it', async (step) => {
      const before = await everything()
      await paas.ok('mysql:create doomed')
      await paas.ok('mysql:link doomed web --no-restart')
      faulty.breakAt(step, when)
      const cut = await paas.ssh('mysql:destroy doomed --force')
      expect(faulty.broken).toBe(true)
      expect(cut.exitCode).toBe(75)
      expect(cut.stderr).toContain('doomed is gone, and what is left of it is removed when it is back')
      expect((await paas.ssh('mysql:exists doomed')).exitCode).toBe(1)
      expect(await linksOfWeb()).toEqual([])
      faulty.mend()
      await paas.ok('mysql:create doomed')
      await paas.ok('mysql:destroy doomed --force')
      await isAs(before)
    })
  })

  test('cannot be told to open a server that is not ours to the outside', async () => {
    const before = await everything()
    const ran = await paas.ssh('mysql:expose blog')
    expect(ran.exitCode).toBe(1)
    expect(ran.stderr).toContain('is not ours to open')
    expect(ran.stderr).toContain('mysql:info blog --dsn')
    expect(await everything()).toBe(before)
  })

  // Four make the copy, two ask about the original; what follows are the clients' own, of the dump and of the import.
  test.each([3, 5, 8, 14])('in the middle of clone (%i) leaves no copy', async (step) => {
    const before = await everything()
    faulty.breakAt(step, 'before')
    const cut = await paas.ssh('mysql:clone blog copy')
    expect(faulty.broken).toBe(true)
    expect(cut, cut.stderr).toMatchObject({ exitCode: 75, stdout: '' })
    expect((await paas.ssh('mysql:exists copy')).exitCode).toBe(1)
    faulty.mend()
    await paas.ok('mysql:clone blog copy')
    await paas.ok('mysql:destroy copy --force')
    await isAs(before)
  })
})

test('a create that the server did not live to finish is undone at its next start', async () => {
  using services = await desk()
  const before = await everything()
  await services.provisioning.create({ kind: 'mysql', name: 'blog', ownerId: null })
  expect(await everything()).not.toBe(before)
  const kinds = await loadServiceKinds({
    home: '/nonexistent',
    url: services.url,
    instanceId: services.store.instanceId,
    log: () => {},
  })
  const next = new Provisioning({
    walls,
    store: services.store,
    kinds,
    log: () => {},
    closing: new AbortController().signal,
  })
  next.start()
  await until('it is undone', async () => services.store.services.unsettled().length === 0)
  expect(await everything()).toBe(before)
})

test('no user reads what is not his own: 1,056 pairs', async () => {
  using services = await desk()
  const server = locate('/nonexistent', services.url)
  const never = new AbortController().signal
  const made: Service[] = []
  for (let number = 0; number < 33; number++) {
    const service = await services.make(`s${number}`)
    expect(service.database + service.user).not.toMatch(/[_%]/)
    await asUser(server, service, never, (session) => session.run('CREATE TABLE t (a INT)'))
    made.push(service)
  }
  let refused = 0
  for (const reader of made) {
    await asUser(server, reader, never, async (session) => {
      for (const other of made.filter((each) => each !== reader)) {
        const answer = await session.run(`SELECT * FROM ${other.database}.t`).catch((error: unknown) => error)
        if (/denied/.test(String(answer))) refused++
      }
    })
  }
  expect(refused).toBe(33 * 32)
})

/** A way to MariaDB that can be cut at a statement. */
type FaultyWay = {
  readonly port: number
  readonly broken: boolean
  /** From the `step`th statement on nothing gets through: itself neither, or only its answer. */
  breakAt(step: number, when: 'before' | 'after'): void
  mend(): void
  close(): void
}

async function openFaultyWay(target: number): Promise<FaultyWay> {
  let left = Number.POSITIVE_INFINITY
  let mode: 'before' | 'after' = 'before'
  let broken = false
  const sockets = new Set<Socket>()
  const cut = (): void => {
    broken = true
    for (const socket of sockets) socket.destroy()
  }
  const server: Server = createServer((client) => {
    if (broken) return void client.destroy()
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let answerIsCut = false
    client.on('data', (packet: Buffer) => {
      // COM_QUERY, one statement a packet.
      const isStatement = packet[4] === 3 && packet[3] === 0
      if (isStatement && left-- === 0) {
        if (mode === 'before') return cut()
        answerIsCut = true
      }
      upstream.write(packet)
    })
    upstream.on('data', (packet: Buffer) => {
      if (answerIsCut) return cut()
      client.write(packet)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get broken() {
      return broken
    },
    breakAt(step, when) {
      left = step
      mode = when
    },
    mend() {
      left = Number.POSITIVE_INFINITY
      broken = false
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
