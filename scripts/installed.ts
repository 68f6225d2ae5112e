import { existsSync, readFileSync } from 'node:fs'
import { systemdRuns } from './engine.ts'

/** Whether `make install` made the instance in `home` systemd's to run. */
export function installed(home: string): boolean {
  const environment = '/etc/paas/server.env'
  if (!systemdRuns() || !existsSync(environment)) return false
  return readFileSync(environment, 'utf8').split('\n').includes(`PAAS_HOME="${home}"`)
}

/** The units of an instance that is installed. */
export const unitPattern = 'paas-*.service'
