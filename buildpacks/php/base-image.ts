import { chmod, copyFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { authorities, type BaseImage } from '../../scripts/base-image.ts'
import { bundledExtensions, extensionPackages, phpVersion } from './extensions.ts'

const own = join(import.meta.dirname, 'base')

/** Apache with PHP as its module, PHP for commands, and Composer. */
export default {
  tag: `paas/php:${phpVersion}`,
  revision: 3,
  user: 'www-data',
  packages: [
    `libapache2-mod-php${phpVersion}`,
    `php${phpVersion}-cli`,
    ...extensionPackages.map((name) => `php${phpVersion}-${name}`),
    'composer',
  ],
  characterTables: true,
  changes: [
    'ENV PHP_MEMORY_LIMIT=128M PHP_UPLOAD_LIMIT=64M PHP_DISPLAY_ERRORS=Off',
    `ENV SSL_CERT_FILE=${authorities}`,
    'WORKDIR /app',
    'EXPOSE 5000',
    'CMD ["start-apache"]',
  ],
  async complete(root) {
    await leaveOut(root)
    await configurePhp(root)
    await configureApache(root)
  },
} satisfies BaseImage

/** What others of Debian's packages want of these ones; nothing here runs it. */
async function leaveOut(root: string): Promise<void> {
  const unused = [
    ...['perl', 'perl5', 'dpkg', 'fonts', 'X11', 'ucf', 'debconf', 'gnupg', 'pixmaps'].map(
      (name) => `usr/share/${name}`,
    ),
    ...['dpkg', 'systemd', 'sysusers.d', 'tmpfiles.d'].map((name) => `usr/lib/${name}`),
    'var/lib/dpkg',
    'var/cache/debconf',
  ]
  for (const path of unused) await rm(join(root, path), { recursive: true, force: true })
  const libraries = join(root, 'usr/lib', (await readdir(join(root, 'usr/lib'))).find(isTriplet) ?? '')
  for (const name of (await readdir(libraries)).filter((each) => each.startsWith('libperl.so'))) {
    await rm(join(libraries, name))
  }
  for (const name of (await readdir(join(root, 'usr/bin'))).filter((each) => /perl|dpkg/.test(each))) {
    await rm(join(root, 'usr/bin', name))
  }
}

const isTriplet = (name: string): boolean => name.endsWith('-linux-gnu')

/** Debian's packages write a line for each extension into folders for each way to run PHP; one folder does. */
async function configurePhp(root: string): Promise<void> {
  const folder = join(root, 'usr/lib/php')
  const build = (await readdir(folder)).find((name) => /^\d{8}$/.test(name)) ?? ''
  const present = (await readdir(join(folder, build))).map((name) => name.replace(/\.so$/, ''))
  const lines = present
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((name) => `${name === 'opcache' ? 'zend_extension' : 'extension'}=${name}.so`)
  const missing = bundledExtensions.filter((name) => !present.includes(name))
  if (missing.length > 0) throw new Error(`Debian's PHP has no longer: ${missing.join(', ')}`)
  for (const kind of ['apache2', 'cli']) {
    const settings = join(root, 'etc/php', phpVersion, kind)
    await mkdir(join(settings, 'conf.d'), { recursive: true })
    await copyFile(join(own, 'php.ini'), join(settings, 'php.ini'))
    await writeFile(join(settings, 'conf.d/extensions.ini'), `${lines.join('\n')}\n`)
  }
  await rm(join(root, 'usr/bin/php'), { force: true })
  await symlink(`php${phpVersion}`, join(root, 'usr/bin/php'))
}

/** These must be loaded before those that use them. */
const first = ['opcache', 'mysqlnd', 'pdo', 'xml', 'dom', 'igbinary']

const rank = (name: string): number => (first.includes(name) ? first.indexOf(name) : first.length)

async function configureApache(root: string): Promise<void> {
  await rm(join(root, 'etc/apache2'), { recursive: true, force: true })
  await mkdir(join(root, 'etc/apache2'))
  await copyFile(join(own, 'apache2.conf'), join(root, 'etc/apache2/apache2.conf'))
  const start = join(root, 'usr/local/bin/start-apache')
  await mkdir(join(root, 'usr/local/bin'), { recursive: true })
  await copyFile(join(own, 'start-apache'), start)
  await chmod(start, 0o755)
  // What Procfiles written for Heroku say.
  await symlink('start-apache', join(root, 'usr/local/bin/heroku-php-apache2'))
}
