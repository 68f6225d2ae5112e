import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerSpec } from '../../server/docker/container-spec.ts'
import { createBody } from '../../server/docker/host-config.ts'
import { Workbench } from './workbench.ts'

/** Everything that a host configuration of ours may say; all other fields of Docker's stay unsaid. */
const allowed = [
  'CapAdd',
  'CapDrop',
  'CgroupnsMode',
  'CpuShares',
  'ExtraHosts',
  'Init',
  'IpcMode',
  'LogConfig',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'Mounts',
  'NanoCpus',
  'NetworkMode',
  'PidsLimit',
  'RestartPolicy',
  'SecurityOpt',
  'Ulimits',
]

describe('the configuration of a container', { timeout: 60_000 }, () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await Workbench.open()
  })
  afterAll(() => bench[Symbol.asyncDispose]())

  test('opens nothing of the host, whatever the spec', () => {
    const words = fc.array(fc.string())
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
    const specs: fc.Arbitrary<ContainerSpec> = fc.record({
      name: fc.string(),
      hostname: fc.string(),
      image: fc.string(),
      command: maybe(words),
      entrypoint: maybe(words),
      environment: fc.dictionary(fc.string(), fc.string()),
      labels: fc.dictionary(fc.string(), fc.string()),
      network: fc.oneof(
        fc.record({
          name: fc.stringMatching(/^paas-[a-z0-9]{1,20}$/),
          address: maybe(fc.ipV4()),
          hosts: maybe(fc.dictionary(fc.stringMatching(/^[a-z]{1,9}\.internal$/), fc.ipV4())),
        }),
        fc.record({ sandbox: fc.stringMatching(/^paas-[a-z0-9]{1,20}$/) }),
      ),
      tty: maybe(fc.boolean()),
      openStdin: maybe(fc.boolean()),
      logged: maybe(fc.boolean()),
      stopSignal: maybe(fc.string()),
      limits: fc.record({
        memoryBytes: fc.nat(),
        cpus: fc.float(),
        pids: fc.nat(),
        reservedMemoryBytes: maybe(fc.nat()),
        reservedCpus: maybe(fc.float()),
      }),
      workingDir: maybe(fc.string()),
      user: maybe(fc.string()),
      // What a caller might slip in.
      Privileged: fc.constant(true),
      HostConfig: fc.constant({ Privileged: true, Binds: ['/:/host'] }),
      Mounts: fc.constant([{ Type: 'bind', Source: '/', Target: '/host' }]),
      mounts: fc.array(
        fc.oneof(
          fc.record({
            volume: fc.stringMatching(/^paas-[a-z]{3}-v-[a-z]{8}$/),
            labels: fc.dictionary(fc.string(), fc.string()),
            directory: fc.string(),
          }),
          fc.record({ hostPath: fc.stringMatching(/^\/srv\/[a-z]{1,9}$/), directory: fc.string() }),
          fc.record({
            file: fc.stringMatching(
              /^\/dev\/shm\/paas-[0-9a-f]{16}-files\/[a-z2-7]{10}\/v[0-9]{1,3}\/[A-Z_]{1,9}$/,
            ),
            path: fc.string(),
          }),
        ),
        { maxLength: 3 },
      ),
    })
    fc.assert(
      fc.property(specs, (spec) => {
        const { HostConfig: config, ...body } = createBody(spec)
        expect(Object.keys(config ?? {}).sort()).toEqual(allowed)
        expect(config).toMatchObject({
          SecurityOpt: ['no-new-privileges'],
          CapDrop: ['ALL'],
          IpcMode: 'private',
          NetworkMode: expect.stringMatching(/^(container:)?paas-[a-z0-9]+$/),
          MemorySwap: spec.limits.memoryBytes,
        })
        expect((config?.Mounts ?? []).map(({ Source }) => Source)).toEqual(
          (spec.mounts ?? []).map((mount) => {
            if ('file' in mount) return mount.file
            return 'hostPath' in mount ? mount.hostPath : mount.volume
          }),
        )
        expect(Object.keys(body)).not.toContain('Privileged')
        expect(Object.keys(body)).not.toContain('Volumes')
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['/'],
    ['/srv'],
    ['/srv/'],
    ['/srv/../etc'],
    ['/etc'],
    ['/var/run/docker.sock'],
    ['srv/data'],
    ['/srv/a//b'],
    ['/srv/a/'],
    [''],
  ])('refuses the folder %s of the host', (hostPath) => {
    const spec = bench.spec('true', { mounts: [{ hostPath, directory: '/data' }] })
    expect(() => createBody(spec)).toThrow('cannot have')
  })

  test.each([
    ['/etc/shadow'],
    ['/dev/shm/other'],
    ['/dev/shm/paas-0123456789abcdef/a.pem'],
    ['/dev/shm/paas-0123456789abcdef-files/abc/v1/../../x'],
    ['/dev/shm/paas-0123456789abcdef-files/abc/v1/A\n'],
  ])('refuses the file %s of the host', (file) => {
    const spec = bench.spec('true', { mounts: [{ file, path: '/run/secrets/a' }] })
    expect(() => createBody(spec)).toThrow('cannot have')
  })

  test.each([['other'], ['/etc'], ['paas-abc-v-'], ['paas-abc-v-aaa/../..'], ['']])(
    'refuses the volume %s',
    (volume) => {
      const spec = bench.spec('true', { mounts: [{ volume, labels: {}, directory: '/data' }] })
      expect(() => createBody(spec)).toThrow('is not ours')
    },
  )

  test.each([['host'], ['container:other'], ['none'], ['default'], ['']])(
    'refuses the network %s',
    (name) => {
      expect(() => createBody(bench.spec('true', { network: { name } }))).toThrow(TypeError)
      expect(() => createBody(bench.spec('true', { network: { sandbox: name } }))).toThrow(TypeError)
    },
  )

  test.each([
    ['example.com', '10.0.0.1'],
    ['a.internal', '::1'],
    ['a.internal:1.1.1.1 b', '10.0.0.1'],
  ])('refuses to know %s as %s', (name, address) => {
    const network = { name: 'paas-abc', hosts: { [name]: address } }
    expect(() => createBody(bench.spec('true', { network }))).toThrow('cannot know')
  })

  test('is what the engine made of it', async () => {
    const network = await bench.network()
    const id = await bench.started('sleep 1000', { network: { name: network.name } })
    const [made] = JSON.parse(execFileSync('docker', ['inspect', id], { encoding: 'utf8' })) as [Inspected]
    expect(made.HostConfig).toMatchObject({
      Privileged: false,
      Init: true,
      NetworkMode: network.name,
      PidMode: '',
      IpcMode: 'private',
      UTSMode: '',
      UsernsMode: '',
      CgroupnsMode: 'private',
      SecurityOpt: ['no-new-privileges'],
      CapDrop: ['ALL'],
      PublishAllPorts: false,
      Memory: 64 * 1024 * 1024,
      MemorySwap: 64 * 1024 * 1024,
      NanoCpus: 500_000_000,
      PidsLimit: 64,
      LogConfig: { Type: 'json-file', Config: { 'max-file': '3', 'max-size': '10m' } },
      RestartPolicy: { Name: 'no' },
    })
    for (const none of [
      'Binds',
      'Devices',
      'DeviceRequests',
      'VolumesFrom',
      'Mounts',
      'PortBindings',
      'ExtraHosts',
    ]) {
      expect(Object.keys(made.HostConfig[none] ?? {})).toEqual([])
    }
    expect(Object.keys(made.NetworkSettings.Networks)).toEqual([network.name])
    expect(made.Mounts).toEqual([])
  })

  test('keeps no output of a container whose output is for whoever is attached', async () => {
    const network = await bench.network()
    const id = await bench.started('echo secret', { network: { name: network.name }, logged: false })
    await bench.engine.containers.wait(id)
    const [made] = JSON.parse(execFileSync('docker', ['inspect', id], { encoding: 'utf8' })) as [Inspected]
    expect(made.HostConfig.LogConfig).toMatchObject({ Type: 'none' })
    expect(made.LogPath).toBe('')
  })

  test('holds inside: nine capabilities, no new privileges, the limits', async () => {
    const id = await bench.started(
      'grep -E "^(CapBnd|CapEff|NoNewPrivs)" /proc/self/status; ulimit -c; mknod x c 1 3',
    )
    await bench.engine.containers.wait(id)
    const lines = await bench.lines(id)
    // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10, SYS_CHROOT 18
    const mask = [0, 1, 3, 4, 5, 6, 7, 10, 18].reduce((sum, bit) => sum + 2 ** bit, 0)
    const hex = mask.toString(16).padStart(16, '0')
    expect(lines).toContain(`CapBnd:\t${hex}`)
    expect(lines).toContain(`CapEff:\t${hex}`)
    expect(lines).toContain('NoNewPrivs:\t1')
    expect(lines).toContain('0')
    expect(lines.join()).toContain('Operation not permitted')
  })
})

type Inspected = {
  readonly LogPath: string
  readonly HostConfig: Readonly<Record<string, object | undefined>>
  readonly NetworkSettings: { readonly Networks: object }
  readonly Mounts: readonly object[]
}
