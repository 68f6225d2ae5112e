import { existsSync, readFileSync } from 'node:fs'
import { execa } from 'execa'
import { readSettings } from '../../server/settings.ts'
import { until } from '../../test/instance.ts'
import { ensureEngine, systemdRuns } from '../engine.ts'

const pidFiles = ['/var/run/docker.pid', '/var/run/docker/containerd/containerd.pid']

/** Kills the Docker Engine of this machine, runs `meanwhile`, and starts it again; returns when it answers. */
export async function restartDocker(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  // With systemd it would come back by itself at once.
  if (systemdRuns()) await execa('systemctl', ['stop', 'docker.socket', 'docker'])
  else await killDaemon()
  await meanwhile()
  await ensureEngine(readSettings())
}

const pidIn = (file: string): number => Number.parseInt(readFileSync(file, 'utf8'), 10)

async function killDaemon(): Promise<void> {
  const [dockerd = 0, ...others] = pidFiles.filter((file) => existsSync(file)).map(pidIn)
  process.kill(dockerd, 'SIGKILL')
  // Its containerd dies with it, a moment later: the next dockerd would wait for that one.
  await until('dockerd is gone', async () => [dockerd, ...others].every((pid) => !existsSync(`/proc/${pid}`)))
}
