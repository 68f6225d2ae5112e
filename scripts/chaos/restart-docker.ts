import { existsSync, readFileSync } from 'node:fs'
import { execa } from 'execa'
import { readSettings } from '../../server/settings.ts'
import { until } from '../../test/instance.ts'
import { ensureEngine, systemdRuns } from '../engine.ts'

const pidFile = '/var/run/docker.pid'

/** Kills the Docker Engine of this machine, runs `meanwhile`, and starts it again; returns when it answers. */
export async function restartDocker(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  // With systemd it would come back by itself at once.
  if (systemdRuns()) await execa('systemctl', ['stop', 'docker.socket', 'docker'])
  else await killDaemon()
  await meanwhile()
  await ensureEngine(readSettings())
}

async function killDaemon(): Promise<void> {
  const pid = Number(readFileSync(pidFile, 'utf8'))
  process.kill(pid, 'SIGKILL')
  await until('dockerd is gone', async () => !existsSync(`/proc/${pid}`))
}
