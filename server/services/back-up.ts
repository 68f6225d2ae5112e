import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { assertRoom } from '../disk/assert-room.ts'
import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { randomName } from '../state/identifiers.ts'
import type { Service } from '../state/services.ts'
import { type Backup, backupFile, backupFolder } from './backups.ts'
import { passContent } from './pass-content.ts'

/**
 * Dumps a service into a file, reads that back into a service of its own that goes again, and only then gives the
 * file its name: what `Backups` lists could be restored when it was made. Throws with nothing left over.
 */
export async function backUp(paas: Paas, service: Service, signal: AbortSignal): Promise<Backup> {
  await assertRoom(paas)
  const kind = paas.provisioning.kind(service.kind)
  const folder = backupFolder(paas.settings.home, service.id)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const id = new Date().toISOString().replace(/[-:Z]/g, '').replace('T', '-').replace('.', '-')
  const part = join(folder, `${id}.part`)
  try {
    const before = await kind.facts(service)
    await passContent(
      signal,
      (output, either) => kind.export(service, output, either),
      (input, either) =>
        pipeline(input, createGzip(), createWriteStream(part, { mode: 0o600, flush: true }), {
          signal: either,
        }),
    )
    const tables = [before.tables, (await kind.facts(service)).tables]
    const restored = await testRestore(paas, service, part, signal)
    if (!tables.includes(restored))
      throw new UserError(
        `The backup is not whole: it has ${restored} tables, and ${service.name} ${before.tables}`,
        {
          next: `Nothing was kept. Try again: ${service.kind}:backup ${service.name}`,
        },
      )
    const file = join(folder, backupFile(id))
    await rename(part, file)
    await using opened = await open(folder)
    await opened.sync()
    return { id, bytes: (await stat(file)).size }
  } finally {
    await rm(part, { force: true })
  }
}

/** How many tables come back. */
async function testRestore(
  paas: Paas,
  service: Service,
  file: string,
  signal: AbortSignal,
): Promise<string | number | undefined> {
  const { provisioning } = paas
  const kind = provisioning.kind(service.kind)
  const copy = await provisioning.create({
    kind: service.kind,
    name: `check-${randomName(8)}`,
    ownerId: null,
  })
  try {
    await passContent(
      signal,
      (output, either) => pipeline(createReadStream(file), createGunzip(), output, { signal: either }),
      (input, either) => kind.import(copy, input, either),
    )
    return (await kind.facts(copy)).tables
  } finally {
    await provisioning.undo(copy)
  }
}
