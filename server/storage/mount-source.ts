import { realpath, stat } from 'node:fs/promises'
import type { Call } from '../command.ts'
import { isContainerPath } from '../docker/container-path.ts'
import { isMountable, mountableRoots } from '../docker/mountable.ts'
import { NotAllowedError, UsageError, UserError } from '../errors.ts'
import { isLocalDocker } from '../settings.ts'
import type { Mount } from '../state/storage.ts'
import { findVolume } from './find-volume.ts'

/**
 * What a word means that names files to mount: a volume of the app, or for admins of the server an absolute path on
 * it. Throws `UserError`, or `NotAllowedError`.
 */
export async function mountSource(call: Call, word: string): Promise<Mount['source']> {
  if (!word.startsWith('/')) return { volume: findVolume(call, word) }
  if (call.user.role !== 'admin')
    throw new NotAllowedError('A path of the server is mounted by its admins only', {
      next: `Use a volume: storage:create ${call.app.name} NAME`,
    })
  return { hostPath: await parseHostPath(call, word) }
}

async function parseHostPath({ paas }: Call, path: string): Promise<string> {
  const next = `Folders for data lie below ${mountableRoots.join(', ')}`
  const plain = path.replace(/\/+$/, '')
  const found = await realpath(plain).catch(() => undefined)
  if (!found || !(await stat(found)).isDirectory())
    throw new UserError(`There is no folder ${plain.slice(0, 200)} on the server`, {
      next: `Make it there: mkdir -p ${plain.slice(0, 200)}`,
    })
  // A link would lead elsewhere tomorrow.
  if (found !== plain)
    throw new UserError(`${plain} is a link or not plain: it is ${found}`, { next: `Name that: ${found}` })
  const own = [paas.settings.home, ...(await dockerRoot(paas))]
  const holds = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}/`)
  if (!isMountable(found) || own.some((folder) => holds(folder, found) || holds(found, folder)))
    throw new UserError(`${found} cannot be mounted`, { next })
  return found
}

async function dockerRoot(paas: Call['paas']): Promise<readonly string[]> {
  return isLocalDocker(paas.settings.dockerHost) ? [await paas.engine.disk.root()] : []
}

/** Where a container is to see it. Throws `UsageError`. */
export function parseDirectory(directory: string | undefined): string {
  const next = 'For instance: storage:mount uploads --container-dir /var/www/uploads'
  if (directory === undefined) throw new UsageError('Where in the container?', { next })
  const plain = directory.replace(/(?<=.)\/+$/, '')
  if (!isContainerPath(plain))
    throw new UsageError(`"${directory.slice(0, 100)}" cannot be a place in the container`, { next })
  return plain
}
