import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ContainerCgroup } from '../../server/brakes/container-cgroup.ts'
import { countWrites } from '../../server/brakes/count-writes.ts'
import { limitBuilds, unlimitedBy } from '../../server/brakes/limit-builds.ts'
import { weighContainers } from '../../server/brakes/weigh-containers.ts'

// The files of both versions, since a machine has one of them alone; test/neighbours drives the kernel's.
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'paas-cgroup-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const id = 'c0ffee'
const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe.each([`docker/${id}`, `system.slice/docker-${id}.scope`])('cgroup v2 at %s', (folder) => {
  beforeEach(() => {
    write(`${folder}/cpu.max`, '100000 100000\n')
    write(`${folder}/cpu.weight`, '100\n')
    write(`${folder}/cpu.stat`, 'usage_usec 2500000\nuser_usec 1\n')
    write(`${folder}/memory.current`, '9000\n')
    write(`${folder}/memory.stat`, 'anon 1\ninactive_file 4000\n')
    write(`${folder}/pids.events`, 'max 42\n')
    write(`${folder}/io.stat`, '253:0 rbytes=1 wbytes=4096\n254:0 rbytes=1 wbytes=7340032 rios=1\n')
  })

  test('tells what was used, refused and written', () => {
    const cgroup = ContainerCgroup.open(id, root)
    expect([cgroup?.usedSeconds(), cgroup?.processesRefused()]).toEqual([2.5, 42])
    expect(cgroup?.writtenBytes()).toBe(7_340_032)
    expect(cgroup?.memoryBytes()).toBe(5_000)
    rmSync(join(root, folder, 'memory.current'))
    expect(cgroup?.memoryBytes()).toBeUndefined()
    expect([cgroup?.isSlowed(), cgroup?.isBehind()]).toEqual([false, false])
    cgroup?.close()
  })

  test('is slowed step by step, and released', () => {
    const cgroup = ContainerCgroup.open(id, root)
    for (const [step, written] of ['1000 10000', '1000 100000', '1000 1000000', '1000 1000000'].entries()) {
      cgroup?.slow(step)
      expect(read(`${folder}/cpu.max`)).toBe(written)
      expect(cgroup?.isSlowed()).toBe(true)
    }
    cgroup?.release(0.5)
    expect(read(`${folder}/cpu.max`)).toBe('50000 100000')
    cgroup?.release(0)
    expect(read(`${folder}/cpu.max`)).toBe('max 100000')
    expect(cgroup?.isSlowed()).toBe(false)
    cgroup?.close()
  })

  test('is put behind the others, and back to what it had', () => {
    const cgroup = ContainerCgroup.open(id, root)
    cgroup?.putBehind()
    expect(cgroup?.isBehind()).toBe(true)
    cgroup?.putBack(0)
    expect([read(`${folder}/cpu.weight`), cgroup?.isBehind()]).toEqual(['100', false])
    cgroup?.putBack(2048)
    expect(read(`${folder}/cpu.weight`)).toBe('79')
    cgroup?.close()
  })
})

test('cgroup v1 is slowed, put behind and back', () => {
  write(`cpu/docker/${id}/cpu.cfs_quota_us`, '100000\n')
  write(`cpu/docker/${id}/cpu.cfs_period_us`, '100000\n')
  write(`cpu/docker/${id}/cpu.shares`, '1024\n')
  write(`cpuacct/docker/${id}/cpuacct.usage`, '2500000000\n')
  write(
    `blkio/docker/${id}/blkio.throttle.io_service_bytes`,
    '254:0 Read 1\n254:0 Write 7340032\n254:0 Total 7340033\n253:0 Write 4096\nTotal 9\n',
  )
  write(`memory/docker/${id}/memory.usage_in_bytes`, '9000\n')
  write(`memory/docker/${id}/memory.stat`, 'inactive_file 1\ntotal_inactive_file 4000\n')
  const cgroup = ContainerCgroup.open(id, root)
  expect([cgroup?.usedSeconds(), cgroup?.processesRefused()]).toEqual([2.5, undefined])
  expect(cgroup?.memoryBytes()).toBe(5_000)
  expect(cgroup?.writtenBytes()).toBe(7_340_032)
  cgroup?.slow(1)
  expect(read(`cpu/docker/${id}/cpu.cfs_quota_us`)).toBe('1000')
  expect(cgroup?.isSlowed()).toBe(true)
  cgroup?.release(1)
  expect(read(`cpu/docker/${id}/cpu.cfs_quota_us`)).toBe('100000')
  expect(read(`cpu/docker/${id}/cpu.cfs_period_us`)).toBe('100000')
  cgroup?.putBehind()
  expect(cgroup?.isBehind()).toBe(true)
  cgroup?.putBack(512)
  expect(read(`cpu/docker/${id}/cpu.shares`)).toBe('512')
  cgroup?.close()
})

test('a container that is not here has none', () => {
  expect(ContainerCgroup.open(id, root)).toBeUndefined()
})

test('all builds together are limited, in both versions, and what cannot be held is said', () => {
  const umask = process.umask(0o077)
  onTestFinished(() => void process.umask(umask))
  expect(limitBuilds(root)).toEqual({
    saw: expect.stringContaining('no such file'),
    next: expect.stringContaining(`ls ${root}`),
  })
  write('cgroup.controllers', 'cpu memory pids\n')
  write('cgroup.subtree_control', 'cpu io memory pids\n')
  write('docker/cgroup.subtree_control', 'cpu\n')
  for (const file of ['memory.max', 'pids.max', 'cpu.weight']) write(`docker/buildkit/${file}`, 'max\n')
  expect(limitBuilds(root)).toBeUndefined()
  expect(read('docker/buildkit/cpu.weight')).toBe('13')
  expect(statSync(join(root, 'docker/buildkit')).mode & 0o777).toBe(0o755)
  expect(read('cgroup.subtree_control')).toBe('cpu io memory pids\n')
  expect(read('docker/cgroup.subtree_control')).toBe('+memory +pids')
  expect(Number(read('docker/buildkit/memory.max'))).toBeGreaterThan(100 * 1024 * 1024)
  rmSync(join(root, 'cgroup.controllers'))
  for (const file of ['memory/docker/buildkit/memory.limit_in_bytes', 'pids/docker/buildkit/pids.max'])
    write(file, 'max\n')
  write('cpu/docker/buildkit/cpu.shares', '1024\n')
  expect(limitBuilds(root)).toBeUndefined()
  expect(read('cpu/docker/buildkit/cpu.shares')).toBe('128')
  expect(read('pids/docker/buildkit/pids.max')).toBe('2048')
})

test('builds that systemd makes control groups for are held by none of ours', () => {
  expect(unlimitedBy({ cgroupDriver: 'cgroupfs' })).toBeUndefined()
  expect(unlimitedBy({ cgroupDriver: 'systemd' })?.next).toContain('native.cgroupdriver=cgroupfs')
})

test('writes are counted where the kernel begins with that for a limit, and limits of others are left alone', () => {
  const [limits, counts] = ['write_bps_device', 'io_service_bytes_recursive'].map(
    (each) => `blkio/docker/blkio.throttle.${each}`,
  ) as [string, string]
  const number = statSync(root).dev
  const device = `${(number >> 8) & 0xfff}:${(number & 0xff) | ((number >> 12) & 0xfff00)}`
  countWrites(root, root, join(root, 'devices'))
  write(limits, '')
  write(counts, '')
  countWrites(root, root, join(root, 'devices'))
  expect(read(limits), 'no disk is behind the folder').toBe('')
  write('devices/sda/dev', '8:0\n')
  write('devices/sda/sda1/partition', '1\n')
  write('devices/sda/sda1/dev', '8:1\n')
  symlinkSync(join(root, 'devices/sda/sda1'), join(root, 'devices', device))
  for (const known of [limits, counts]) {
    write(known, '8:0 Write 1\n')
    countWrites(root, root, join(root, 'devices'))
    expect(read(limits), 'there is one, or it counts').toBe(known === limits ? '8:0 Write 1\n' : '')
    write(known, '')
  }
  countWrites(root, root, join(root, 'devices'))
  expect(read(limits)).toBe('8:0 0')
})

test('all containers together weigh more than one session, unless somebody has chosen', () => {
  expect(weighContainers(root)).toBe(false)
  write('cpu/docker/cpu.shares', '1024\n')
  write('docker/cpu.weight', '250\n')
  expect(weighContainers(root)).toBe(true)
  expect([read('cpu/docker/cpu.shares'), read('docker/cpu.weight')]).toEqual(['4096', '250\n'])
})
