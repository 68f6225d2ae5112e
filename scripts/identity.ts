import { execa } from 'execa'
import { UnavailableError, UserError } from '../server/errors.ts'
import type { Settings } from '../server/settings.ts'

/** Who runs what. Undefined members: nobody else, since only root can choose. */
export type Identities = {
  readonly router: Account | undefined
  readonly redis: Account | undefined
  readonly mysql: Account | undefined
}

export type Account = { readonly name: string; readonly uid: number; readonly gid: number }

/** The unprivileged users of the parts; makes the router's as a system user where it is missing. */
export async function identities(settings: Settings): Promise<Identities> {
  if (process.getuid?.() !== 0) return { router: undefined, redis: undefined, mysql: undefined }
  const router = (await account(settings.routerUser)) ?? (await createAccount(settings.routerUser))
  if (router.uid === 0) {
    throw new UserError(`PAAS_ROUTER_USER=${settings.routerUser} is root: the router must be unprivileged`)
  }
  return {
    router,
    redis: settings.redisUrl ? undefined : await packagedAccount('redis', 'redis-server'),
    mysql:
      settings.mysqlUrl || settings.mysqlImage ? undefined : await packagedAccount('mysql', 'mariadb-server'),
  }
}

async function createAccount(name: string): Promise<Account> {
  const { failed, stderr } = await execa({ reject: false })('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir=/nonexistent',
    '--shell=/usr/sbin/nologin',
    '--',
    name,
  ])
  const created = await account(name)
  if (failed && !created) throw new UserError(`PAAS_ROUTER_USER=${name} cannot be created: ${stderr}`)
  if (!created) throw new UnavailableError(`The user ${name} was created but is not found`)
  return created
}

async function packagedAccount(name: string, packageName: string): Promise<Account> {
  const found = await account(name)
  if (!found) {
    throw new UnavailableError(`The system user ${name} is missing, though ${packageName} makes it`, {
      next: `Type: apt-get install --reinstall ${packageName}`,
    })
  }
  return found
}

async function account(name: string): Promise<Account | undefined> {
  const { failed, stdout } = await execa({ reject: false })('getent', ['passwd', '--', name])
  const [, , uid, gid] = stdout.split(':')
  return failed || !uid || !gid ? undefined : { name, uid: Number(uid), gid: Number(gid) }
}
