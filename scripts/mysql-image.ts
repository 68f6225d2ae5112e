import { createHash } from 'node:crypto'
import { execa } from 'execa'
import { UnavailableError } from '../server/errors.ts'
import type { Settings } from '../server/settings.ts'
import { say } from './say.ts'

/**
 * Gets the image that the instance's MySQL runs from, where the engine does not have it. Throws `UnavailableError` where
 * no registry gives it.
 */
export async function ensureMysqlImage(image: string, dockerHost: string): Promise<void> {
  const docker = execa({ env: { DOCKER_HOST: dockerHost }, reject: false })
  const { failed: missing } = await docker('docker', ['image', 'inspect', image])
  if (!missing) return
  say.step(`Pulling ${image}`)
  const { failed, stderr } = await docker('docker', ['pull', '--quiet', image])
  if (!failed) return
  const reason = stderr.trim().split('\n').at(-1) ?? ''
  throw new UnavailableError(
    `The image PAAS_MYSQL_IMAGE=${image} is not on this machine and cannot be pulled: ${reason}`,
    {
      next: `Bring it (docker load < mysql.tar), name another one, or take PAAS_MYSQL_IMAGE out: then make up runs this machine's MariaDB`,
    },
  )
}

/** The name of the container that the MySQL of the instance in `home` runs in. */
export const mysqlContainer = ({ home }: Pick<Settings, 'home'>): string =>
  `paas-mysql-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`
