import { randomInt } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { made } from '../made.ts'
import { makeRepository, type Repository } from '../repository.ts'

// Several pushes each: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
beforeAll(async () => {
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
})

// The promise is 5 s; a busy machine may look three times as long.
const freeWithinMs = 15_000

/** Ends a push of `files` as soon as it has printed `seen`, and proves that nothing of it is left. */
async function interrupted(
  app: string,
  how: 'interrupt' | 'cut',
  late: { files: Record<string, string>; seen: string; until?: () => Promise<void>; process?: string },
): Promise<void> {
  using repository = await makeRepository(staticApp('good'))
  expect((await repository.push(paas, app)).exitCode).toBe(0)
  const before = await state(repository, app)
  await repository.commit(late.files)
  const push = repository.startPush(paas, app)
  await push.saw(late.seen)
  await late.until?.()
  push[how]()
  expect((await push.ended).exitCode).not.toBe(0)

  await until(
    'nothing of the push is left',
    async () => !(late.process && running(late.process)) && same(await state(repository, app), before),
    freeWithinMs,
  )
  expect((await paas.get(`${app}.localhost`)).body).toBe('good\n')
  await repository.commit(staticApp('next'))
  const next = await repository.push(paas, app)
  expect(next.stderr).toContain('v2 serves')
  expect(next.exitCode).toBe(0)
  expect((await paas.get(`${app}.localhost`)).body).toBe('next\n')
}

async function state(repository: Repository, app: string): Promise<unknown> {
  return {
    refs: await repository.git(['ls-remote', `paas:${app}`], {
      environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig}` },
    }),
    releases: await paas.ok(`releases ${app} --json`),
    docker: await made(paas, app),
  }
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** A build that runs for minutes, by a number of seconds that no other process has. */
function endlessBuild(): { files: Record<string, string>; seen: string; process: string } {
  const process = `sleep ${randomInt(100_000, 999_999)}`
  return {
    files: { Dockerfile: `FROM paas/busybox\nRUN echo begun $((6 * 7)); ${process}\n` },
    seen: 'begun 42',
    process,
  }
}

function endlessStart(app: string): {
  files: Record<string, string>
  seen: string
  until: () => Promise<void>
} {
  return {
    files: { Dockerfile: 'FROM paas/busybox\nCMD ["sleep", "600"]\n' },
    seen: '-----> Starting web',
    until: () =>
      until('the new container is there', async () => (await made(paas, app)).containers.length === 2),
  }
}

/** Whether a process with these words runs on this machine, in a container or not. */
function running(words: string): boolean {
  return readdirSync('/proc').some((pid) => {
    const file = `/proc/${pid}/cmdline`
    if (!/^\d+$/.test(pid) || !existsSync(file)) return false
    try {
      return readFileSync(file, 'utf8').replaceAll('\0', ' ').trim() === words
    } catch {
      return false
    }
  })
}

test('a connection that drops in the build cancels it and frees the app', async () => {
  const build = endlessBuild()
  await interrupted('drop-build', 'cut', {
    ...build,
    until: () => until('the build runs', async () => running(build.process)),
  })
})

test('a connection that drops in the check removes the new container and frees the app', async () => {
  await interrupted('drop-check', 'cut', endlessStart('drop-check'))
})

test('Ctrl-C in the build cancels it and frees the app', async () => {
  const build = endlessBuild()
  await interrupted('stop-build', 'interrupt', {
    ...build,
    until: () => until('the build runs', async () => running(build.process)),
  })
})

test('Ctrl-C in the check removes the new container and frees the app', async () => {
  await interrupted('stop-check', 'interrupt', endlessStart('stop-check'))
})

test("Ctrl-C ends an operator's hook that the push waits for", async () => {
  const folder = join(paas.home, 'hooks', 'built')
  mkdirSync(folder, { recursive: true })
  const process = `sleep ${randomInt(100_000, 999_999)}`
  const hook = join(folder, 'wait')
  writeFileSync(
    hook,
    `#!/bin/sh\n[ "$PAAS_APP" = stop-hook ] || exit 0\n[ -e "$0.began" ] && exit 0\n: > "$0.began"\nexec ${process}\n`,
  )
  chmodSync(hook, 0o755)
  writeFileSync(`${hook}.began`, '')
  const files = { ...staticApp('waits') } as Record<string, string>
  using repository = await makeRepository(staticApp('good'))
  expect((await repository.push(paas, 'stop-hook')).exitCode).toBe(0)
  rmSync(`${hook}.began`)
  await repository.commit(files)
  const before = await state(repository, 'stop-hook')
  const push = repository.startPush(paas, 'stop-hook')
  await until('the hook runs', async () => running(process))
  push.interrupt()
  await push.ended
  await until('the hook has ended', async () => !running(process), freeWithinMs)
  await until('nothing is left', async () => same(await state(repository, 'stop-hook'), before), freeWithinMs)
})

test('a pusher who waits for the app and goes leaves the queue', async () => {
  using first = await makeRepository({
    ...staticApp('first'),
    Dockerfile: `FROM paas/busybox\nRUN echo begun; sleep ${randomInt(100_000, 999_999)}\n`,
  })
  const holder = first.startPush(paas, 'queue')
  await holder.saw('begun')
  using second = await makeRepository(staticApp('second'))
  const waiting = second.startPush(paas, 'queue')
  await waiting.saw('admin holds the app (push, deploy ')
  waiting.interrupt()
  await waiting.ended
  holder.interrupt()
  await holder.ended
  using third = await makeRepository(staticApp('third'))
  expect((await third.push(paas, 'queue')).exitCode).toBe(0)
  expect((await paas.get('queue.localhost')).body).toBe('third\n')
  expect(JSON.parse(await paas.ok('releases queue --json'))).toHaveLength(1)
})
