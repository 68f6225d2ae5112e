import { readdir } from 'node:fs/promises'
import { UserError } from '../server/errors.ts'
import type { Settings } from '../server/settings.ts'
import type { Layout } from './layout.ts'

/**
 * Throws `UserError` where the settings name another MySQL than the one that the apps' databases are in: this machine's
 * MariaDB and one from an image have a folder each.
 */
export async function refuseOtherDatabases(
  { mysqlUrl, mysqlImage }: Pick<Settings, 'mysqlUrl' | 'mysqlImage'>,
  places: Layout,
): Promise<void> {
  if (mysqlUrl !== undefined) return
  const [wanted, other, setting] =
    mysqlImage === undefined
      ? [places.mysqlData, places.mysqlImageData, 'without PAAS_MYSQL_IMAGE']
      : [places.mysqlImageData, places.mysqlData, `with PAAS_MYSQL_IMAGE=${mysqlImage}`]
  if ((await databases(wanted)) > 0) return
  const left = await databases(other)
  if (left === 0) return
  throw new UserError(
    `${setting[0]?.toUpperCase()}${setting.slice(1)} the ${left} databases in ${other} would be out of reach`,
    {
      next: `Export them first (mysql:export NAME > NAME.sql) and destroy them; or, if they may go, move ${other} away`,
    },
  )
}

/** How many of ours are in a data folder: MySQL makes a folder for each. */
const databases = async (folder: string): Promise<number> =>
  (await readdir(folder).catch((): string[] => [])).filter((name) => /^paas[a-z2-7]{18}$/.test(name)).length
