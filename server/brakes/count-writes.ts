import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Bytes a second that no disk comes to. */
const endless = 1_000_000_000_000

/**
 * Has the kernel count what each container writes to the disk that `folder` is on. On cgroup v1 newer kernels begin with
 * that when some limit is set for the disk (seen on 6.18): one is, and is taken back at once. Nothing where they count.
 */
export function countWrites(folder: string, root = '/sys/fs/cgroup', devices = '/sys/dev/block'): void {
  const docker = join(root, 'blkio', 'docker')
  const limits = join(docker, 'blkio.throttle.write_bps_device')
  if (!existsSync(limits)) return
  const device = diskOf(statSync(folder).dev, devices)
  if (device === undefined) return
  const isKnown = (file: string): boolean => readFileSync(file, 'utf8').includes(`${device} `)
  if (isKnown(limits) || isKnown(join(docker, 'blkio.throttle.io_service_bytes_recursive'))) return
  writeFileSync(limits, `${device} ${endless}`)
  writeFileSync(limits, `${device} 0`)
}

/** `254:0` of a device's number, the whole disk's for a partition; undefined where no disk of its own is behind it. */
function diskOf(number: number, devices: string): string | undefined {
  const major = (number >> 8) & 0xfff
  const minor = (number & 0xff) | ((number >> 12) & 0xfff00)
  const place = join(devices, `${major}:${minor}`)
  if (!existsSync(place)) return undefined
  const isPartition = existsSync(join(place, 'partition'))
  const disk = isPartition ? dirname(realpathSync(place)) : place
  return readFileSync(join(disk, 'dev'), 'utf8').trim()
}
