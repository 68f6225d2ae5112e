import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { describe, PaasError, UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { Service } from '../state/services.ts'
import { backUp } from './back-up.ts'
import { type Backup, Backups } from './backups.ts'
import { passContent } from './pass-content.ts'

/**
 * Puts a backup in the place of what a service has, after a backup of that, which is returned. Throws an error that names
 * this one where it broke off in between.
 */
export async function restoreBackup(
  paas: Paas,
  service: Service,
  backup: Backup,
  signal: AbortSignal,
): Promise<Backup> {
  const kind = paas.provisioning.kind(service.kind)
  const backups = new Backups(paas.settings.home, service)
  await backups.assertWhole(backup, signal)
  const before = await backUp(paas, service, signal)
  try {
    await kind.empty(service)
    await passContent(
      signal,
      (output, either) =>
        pipeline(backups.read(backup), createGunzip(), output, {
          signal: either,
        }),
      (input, either) => kind.import(service, input, either),
    )
  } catch (error) {
    if (!(error instanceof PaasError)) throw error
    throw new UserError(`The restore of ${backup.id} broke off: ${describe(error)}`, {
      exitCode: error.exitCode,
      cause: error,
      next: `${service.name} is half restored. As it was before: ${service.kind}:backups:restore ${service.name} ${before.id} --confirm ${service.name}`,
    })
  }
  return before
}
