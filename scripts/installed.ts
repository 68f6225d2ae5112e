import { existsSync, readFileSync } from 'node:fs'
import { systemdRuns } from './engine.ts'

/** Whether `make install` made the instance in `home` systemd's to run. */
export function installed(home: string): boolean {
  const environment = '/etc/paas/server.env'
  if (!systemdRuns() || !existsSync(environment)) return false
  return readFileSync(environment, 'utf8').split('\n').includes(`PAAS_HOME="${home}"`)
}

/** The services of an instance that is installed, and the sockets that would start them again. */
export const unitPattern = 'paas-*.service'
export const socketPattern = 'paas-*.socket'
