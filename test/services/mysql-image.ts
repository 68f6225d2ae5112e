import { cp, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'

const mariadbd = '/usr/sbin/mariadbd'

/**
 * The name of an image that does what the official ones of MariaDB and MySQL do: the root password and where root comes
 * from by environment, data in /var/lib/mysql, options of the server as arguments. It is made of this machine's own
 * MariaDB, since no registry is needed for that, and stays for the next time.
 */
export async function mysqlImage(): Promise<string> {
  const { stdout: version } = await execa(mariadbd, ['--version'])
  const name = `paas-test-mariadb:${/Ver (\d+\.\d+\.\d+)/.exec(version)?.[1]}-1`
  const { failed: missing } = await execa('docker', ['image', 'inspect', name], { reject: false })
  if (!missing) return name
  await using folder = await mkdtempDisposable(join(tmpdir(), 'paas-test-image-'))
  const { stdout: libraries } = await execa('ldd', [mariadbd])
  const files = [...libraries.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
  for (const path of [mariadbd, '/usr/share/mysql/charsets', '/usr/share/mysql/english', ...files]) {
    await mkdir(dirname(join(folder.path, 'root', path)), { recursive: true })
    await cp(path, join(folder.path, 'root', path), { recursive: true, dereference: true })
  }
  const data = join(folder.path, 'root/usr/share/mysql-data')
  await execa('mariadb-install-db', [
    ...['--no-defaults', `--datadir=${data}`, '--skip-test-db', '--innodb-log-file-size=4M'],
    '--auth-root-authentication-method=normal',
  ])
  await writeFile(join(folder.path, 'root/start'), start, { mode: 0o755 })
  await writeFile(
    join(folder.path, 'Dockerfile'),
    [
      'FROM paas/busybox',
      'RUN echo mysql:x:999:999::/var/lib/mysql:/bin/sh >> /etc/passwd && echo mysql:x:999: >> /etc/group',
      'COPY root /',
      'VOLUME /var/lib/mysql',
      'EXPOSE 3306',
      'ENTRYPOINT ["/start"]',
      'CMD ["mariadbd"]',
      '',
    ].join('\n'),
  )
  await execa('docker', ['build', '--quiet', '--tag', name, folder.path])
  return name
}

const start = `#!/bin/sh
set -eu
case "$1" in -*) set -- mariadbd "$@" ;; esac
password=\${MARIADB_ROOT_PASSWORD:-\${MYSQL_ROOT_PASSWORD:?is not set}}
from=\${MARIADB_ROOT_HOST:-\${MYSQL_ROOT_HOST:-%}}
if [ ! -d /var/lib/mysql/mysql ]; then
  cp -a /usr/share/mysql-data/. /var/lib/mysql/
  {
    echo "ALTER USER root@localhost IDENTIFIED BY '$password';"
    echo "CREATE OR REPLACE USER root@'$from' IDENTIFIED BY '$password';"
    echo "GRANT ALL ON *.* TO root@'$from' WITH GRANT OPTION;"
  } >/tmp/first.sql
  set -- "$@" --init-file=/tmp/first.sql
fi
chown -R mysql:mysql /var/lib/mysql
exec "$@" --user=mysql --socket=/tmp/mysqld.sock
`
