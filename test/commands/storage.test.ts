import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { makeGates } from '../gate.ts'
import { startInstance, type TestInstance, until } from '../instance.ts'
import { addPerson, type Person } from '../person.ts'
import { makeRepository, type Repository } from '../repository.ts'

vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
let repository: Repository
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository({
    ...staticApp('files'),
    Procfile: [
      'web: exec busybox httpd -f -p "$PORT" -h /www',
      'worker: ls /www > /tmp/seen; exec sleep 1000',
      '',
    ].join('\n'),
  })
  expect((await repository.push(paas, 'files')).exitCode).toBe(0)
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

const page = (path: string) => paas.get('files.localhost', path)
const sh = (line: string, app = 'files') => paas.ssh(`run --app ${app} sh -c '${line}'`)
const volumes = async (...labels: readonly string[]): Promise<readonly string[]> => {
  const filters = [`paas.instance=${paas.id}`, ...labels].flatMap((label) => ['--filter', `label=${label}`])
  return (await execa('docker', ['volume', 'ls', '-q', ...filters])).stdout.split('\n').filter(Boolean)
}
const tar = async (files: Readonly<Record<string, string>>): Promise<Uint8Array> => {
  const folder = mkdtempSync(join(paas.folder, 'tar-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return (await execa('tar', ['-C', folder, '-cf', '-', '.'], { encoding: 'buffer' })).stdout
}
const backup = async (volume: string): Promise<Uint8Array> => {
  const words = ['-F', paas.sshConfig, '-o', 'BatchMode=yes', 'paas', `storage:backup files ${volume}`]
  return (await execa('ssh', words, { encoding: 'buffer', stripFinalNewline: false })).stdout
}

describe('a volume', () => {
  test('is seen by every container, by one-offs, and by the releases that follow', async () => {
    expect(await paas.ok('storage:create files uploads')).toContain(
      'Mount it: storage:mount files uploads --container-dir',
    )
    expect(await paas.ok('storage:mount files uploads --container-dir /www/uploads/')).toContain(
      'Mounted uploads at /www/uploads',
    )
    expect((await sh('echo first > /www/uploads/a.txt')).exitCode).toBe(0)
    expect((await page('/uploads/a.txt')).body).toBe('first\n')

    expect(await paas.ok('scale --app files web=3')).not.toContain('share')
    const answers = await Promise.all(Array.from({ length: 12 }, () => page('/uploads/a.txt')))
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['first\n']))

    await repository.commit({ 'www/index.html': 'second\n' })
    const push = await repository.push(paas, 'files')
    expect(push.exitCode).toBe(0)
    expect(push.stderr).toContain('Old and new containers share the files of uploads')
    expect((await page('/')).body).toBe('second\n')
    expect((await page('/uploads/a.txt')).body).toBe('first\n')
    await paas.ok('rollback --app files')
    expect((await page('/')).body).toBe('files\n')
    expect((await page('/uploads/a.txt')).body).toBe('first\n')
    await paas.ok('scale --app files web=1')
  })

  test('is made when it is the app’s turn, and one that cannot be made leaves nothing', async () => {
    const gate = makeGates(paas, 'started')('files')
    gate.shut()
    const before = paas.ok('config:set files A=1')
    await gate.reached()
    const created = paas.ok('storage:create files turn')
    await until('it waits', async () => (await paas.ok('deploys files -n 1')).includes('waiting'))
    expect(await volumes('paas.volume=turn')).toHaveLength(0)
    gate.open()
    await before
    expect(await created).toContain('Waiting: admin holds the app (config')
    const [made] = JSON.parse(await paas.ok('deploys files -n 1 --json')) as Record<string, unknown>[]
    expect(made).toMatchObject({ kind: 'storage', state: 'succeeded' })
    expect((await paas.ssh('storage:create files turn')).stderr).toContain('There is a volume "turn" already')
    expect(await volumes('paas.volume=turn')).toHaveLength(1)
    await paas.ok('storage:destroy files turn --confirm turn')
    const [destroyed] = JSON.parse(await paas.ok('deploys files -n 1 --json')) as Record<string, unknown>[]
    expect(destroyed).toMatchObject({ kind: 'storage', state: 'succeeded' })
    expect(destroyed).not.toEqual(made)
  })

  test('stands in lists and reports with its places', async () => {
    await paas.ok('storage:create files spare')
    expect(await paas.ok('storage files')).toMatch(/^uploads +\/www\/uploads +all\nspare +not mounted\n$/m)
    expect(JSON.parse(await paas.ok('storage:report files --json'))).toEqual({
      app: 'files',
      volumes: [
        { name: 'spare', createdAt: expect.any(String) },
        { name: 'uploads', createdAt: expect.any(String) },
      ],
      mounts: [{ source: 'uploads', directory: '/www/uploads', process: null }],
    })
    expect(await volumes('paas.app=files')).toHaveLength(2)
  })

  test('may be for one process type alone, and only its containers are replaced', async () => {
    const started = async () => {
      const { containers } = JSON.parse(await paas.ok('ps files --json')) as {
        containers: { process: string; since: string; address: string }[]
      }
      return containers.map(({ process, since, address }) => ({ process, since, address }))
    }
    await paas.ok('scale --app files worker=1')
    const before = JSON.stringify((await started()).filter(({ process }) => process.startsWith('web')))
    await paas.ok('storage:mount files spare:/spare --process-type worker')
    expect(JSON.stringify((await started()).filter(({ process }) => process.startsWith('web')))).toBe(before)
    expect((await sh('ls -d /spare')).exitCode).not.toBe(0)
    expect(await paas.ok('storage:unmount files --container-dir /spare')).toContain(
      'Unmounted spare at /spare (worker)',
    )
    await paas.ok('storage:mount files spare:/spare --process-type run')
    expect((await sh('ls -d /spare')).exitCode).toBe(0)
    await paas.ok('storage:unmount files spare')
    await paas.ok('scale --app files worker=0')
  })

  test('can be written by whoever the app runs as, and has what the image has there', async () => {
    using plain = await makeRepository({
      ...staticApp('user'),
      Dockerfile: [
        'FROM paas/busybox',
        'COPY www /www',
        'RUN mkdir /owned && echo from-image > /owned/seed && chown -R 1000:1000 /owned',
        'USER 1000:1000',
        'CMD ["/bin/sh", "-c", "exec busybox httpd -f -p \\"$PORT\\" -h /www"]',
        '',
      ].join('\n'),
    })
    expect((await plain.push(paas, 'user')).exitCode).toBe(0)
    for (const [name, directory] of [
      ['new', '/new'],
      ['owned', '/owned'],
    ] as const) {
      await paas.ok(`storage:create user ${name}`)
      await paas.ok(`storage:mount user ${name} --container-dir ${directory}`)
      expect((await sh(`echo mine > ${directory}/file && cat ${directory}/file`, 'user')).stdout).toBe(
        'mine\n',
      )
    }
    expect((await sh('cat /owned/seed', 'user')).stdout).toBe('from-image\n')
    await paas.ok('apps:destroy user --force')
    expect(await volumes('paas.app=user')).toEqual([])
  })

  test('that keeps the app from starting is not mounted, and the old containers serve on', async () => {
    await paas.ok('storage:restore files spare', { input: await tar({ nothing: 'to run' }) })
    const refused = await paas.ssh('storage:mount files spare --container-dir /bin')
    expect(refused.exitCode).toBe(1)
    expect(await paas.ok('storage files')).toMatch(/^spare +not mounted$/m)
    expect((await page('/')).status).toBe(200)
  })

  test('waits with --no-restart until containers are replaced', async () => {
    await paas.ok('storage:mount files spare --container-dir /www/spare --no-restart')
    expect((await page('/spare/nothing')).status).toBe(404)
    await paas.ok('restart files')
    expect((await page('/spare/nothing')).body).toBe('to run')
    await paas.ok('storage:unmount files spare')
    expect((await page('/spare/nothing')).status).toBe(404)
  })
})

describe('backup and restore', () => {
  test('bring back every file with its mode, owner and links', async () => {
    await sh(
      'cd /www/uploads; mkdir -p deep/er; echo x > "deep/er/ä b.txt"; chmod 640 deep/er/*; chown 33:44 deep; ln -s ../../etc/passwd out; ln -s a.txt near',
    )
    const list =
      'cd /www/uploads && find . | sort | while read -r f; do stat -c "%n %a %u:%g %s" "$f"; done; readlink out; readlink near'
    const whole = await backup('uploads')
    const before = (await sh(list)).stdout
    expect(before).toContain('../../etc/passwd')
    await sh('rm -rf /www/uploads/*; echo other > /www/uploads/other.txt')
    await paas.ok('storage:restore files uploads', { input: whole })
    expect((await sh(list)).stdout).toBe(before)
    expect((await page('/uploads/a.txt')).body).toBe('first\n')
    expect((await page('/uploads/other.txt')).status).toBe(404)
  })

  test('a broken archive changes nothing', async () => {
    const whole = await backup('uploads')
    const names = await volumes()
    // The second is cut between two files.
    for (const input of [whole.subarray(0, 700), whole.subarray(0, 512), Buffer.from('no archive at all')]) {
      const refused = await paas.ssh('storage:restore files uploads', { input })
      expect(refused.exitCode).toBe(1)
      expect(refused.stderr).toContain('nothing was changed')
    }
    expect((await page('/uploads/a.txt')).body).toBe('first\n')
    expect(await volumes()).toEqual(names)
  })

  test('the files of before a restore go with cleanup', async () => {
    const kept = JSON.parse(await paas.ok('storage files --json')) as { volumes: unknown[] }
    expect((await volumes()).length).toBeGreaterThan(kept.volumes.length)
    expect(await paas.ok('cleanup --plan')).toContain(
      'files of the volume uploads of files that nothing names',
    )
    await vi.waitFor(
      async () => {
        await paas.ok('cleanup')
        expect(await volumes()).toHaveLength(kept.volumes.length)
      },
      { timeout: 30_000, interval: 1_000 },
    )
    expect((await page('/uploads/a.txt')).body).toBe('first\n')
  })
})

describe('is refused', () => {
  let bob: Person
  beforeAll(async () => {
    bob = await addPerson(paas, 'bob')
    await paas.ok('access:add files bob')
  })

  test.each([
    ['storage:create files uploads', 1],
    ['storage:create files ../x', 1],
    ['storage:create files A', 1],
    ['storage:mount files nowhere --container-dir /x', 1],
    ['storage:mount files uploads', 64],
    ['storage:mount files uploads --container-dir relative', 64],
    ['storage:mount files uploads --container-dir /', 64],
    ['storage:mount files uploads --container-dir /a/../b', 64],
    ['storage:mount files uploads --container-dir /proc/1', 64],
    ['storage:mount files uploads --container-dir /a:/b', 64],
    ['storage:mount files uploads --container-dir /www/uploads', 1],
    ['storage:mount files uploads --container-dir /x --process-type nope', 1],
    ['storage:unmount files nowhere', 1],
    ['storage:unmount files', 64],
    ['storage:destroy files uploads --force', 1],
    ['storage:backup files nowhere', 1],
  ])('%s', async (line, exitCode) => {
    const mounts = await paas.ok('storage files --json')
    const refused = await paas.ssh(line)
    expect(refused, refused.stderr).toMatchObject({ exitCode, stdout: '' })
    expect(await paas.ok('storage files --json')).toBe(mounts)
  })

  test("a path of the server is its admins' to mount, and only where data lies", async () => {
    mkdirSync('/srv', { recursive: true })
    const folder = mkdtempSync('/srv/paas-test-')
    try {
      writeFileSync(join(folder, 'hello'), 'from the host\n')
      symlinkSync('/etc', join(folder, 'link'))
      expect((await bob.ssh(`storage:mount files ${folder} --container-dir /host`)).exitCode).toBe(77)
      for (const path of [
        '/',
        '/etc',
        '/srv',
        `${folder}/link`,
        `${folder}/../..`,
        '/srv/not-there',
        paas.home,
        '/var/run/docker.sock',
      ])
        expect((await paas.ssh(`storage:mount files ${path} --container-dir /host`)).exitCode, path).toBe(1)
      await paas.ok(`storage:mount files ${folder} --container-dir /host`)
      expect((await sh('cat /host/hello')).stdout).toBe('from the host\n')
      await paas.ok(`storage:unmount files ${folder}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

test('destroy asks, and takes the files; destroying the app names its volumes', async () => {
  expect((await paas.ssh('storage:destroy files spare')).stderr).toContain('--confirm spare')
  await vi.waitFor(() => paas.ok('storage:destroy files spare --confirm spare'), {
    timeout: 60_000,
    interval: 1_000,
  })
  expect(await paas.ok('storage files')).not.toContain('spare')
  expect((await paas.ssh('apps:destroy files')).stderr).toContain('THE FILES of its volumes uploads')
  await paas.ok('apps:destroy files --force')
  expect(await volumes()).toEqual([])
})
