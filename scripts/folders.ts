import { chmod, chown, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, parse, relative } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../server/errors.ts'
import type { Account, Identities } from './identity.ts'
import type { Layout } from './layout.ts'

/**
 * Makes the instance's folders with the modes and owners that each part needs; what is in them stays.
 * Throws `UserError` where the folder is not ours to change, or a part's user cannot reach its own.
 */
export async function makeFolders(places: Layout, { router, redis, mysql }: Identities): Promise<void> {
  await refuseForeignFolder(places)
  await folder(places.home, 0o711)
  await folder(places.run, 0o711)
  await folder(places.code, 0o711)
  for (const path of [places.logs, places.ssh, places.repositories, places.hooks]) {
    await folder(path, 0o700)
  }
  await folder(places.router, 0o750, router)
  await folder(places.redis, 0o710, redis && router && { ...redis, gid: router.gid })
  await folder(places.mysql, 0o700, mysql)
  // Their owners may write into their own folders only, so the sockets are there and run/ points to them.
  await pointer(places.redisSocket, join(places.redis, 'redis.sock'))
  await pointer(places.mysqlSocket, join(places.mysql, 'mysqld.sock'))
  if (router) await refuseUnreachableFolder(places.router, router)
}

async function refuseForeignFolder({ home }: Layout): Promise<void> {
  // A Unix socket's path ends at 107 bytes.
  if (Buffer.byteLength(join(home, 'router', 'a-socket-of-the-router.sock')) > 107) {
    throw new UserError(`PAAS_HOME=${home} is too long for the sockets in it`, {
      next: 'Choose one of at most 70 characters',
    })
  }
  const entries = await readdir(home).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw new UserError(`PAAS_HOME=${home} is not a folder that can be read: ${error.message}`)
  })
  // Whoever restores a backup may bring the master key of its server.
  const others = entries.filter((entry) => entry !== 'master.key')
  const someoneElses = others.length > 0 && !others.includes('repositories')
  if (dirname(home) === parse(home).root || home === homedir() || someoneElses) {
    throw new UserError(`PAAS_HOME=${home} holds other things: its modes are not ours to change`, {
      next: 'Choose a new or an empty folder, such as /var/lib/paas',
    })
  }
}

async function folder(path: string, mode: number, owner?: Account): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path} cannot be made: ${error.message}`, {
      next: 'Choose another PAAS_HOME, or start as root',
    })
  })
  if (owner) await chown(path, owner.uid, owner.gid)
  await chmod(path, mode)
}

async function pointer(path: string, target: string): Promise<void> {
  const wanted = relative(dirname(path), target)
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSymbolicLink() && (await readlink(path)) === wanted) return
  await rm(path, { force: true })
  await symlink(wanted, path)
}

async function refuseUnreachableFolder(path: string, user: Account): Promise<void> {
  const as = ['--reuid', `${user.uid}`, '--regid', `${user.gid}`, '--clear-groups']
  const { failed } = await execa({ reject: false })('setpriv', [...as, 'test', '-w', path])
  if (failed) {
    throw new UserError(`The user ${user.name} cannot reach ${path}`, {
      next: 'Each folder above PAAS_HOME must let others pass: chmod o+x, or choose one such as /var/lib/paas',
    })
  }
}
