/** Debian's. */
export const phpVersion = '8.2'

/** Names of Debian's packages, after `php8.2-`; all are switched on. */
export const extensionPackages = [
  ...['apcu', 'bcmath', 'curl', 'gd', 'gmp', 'intl', 'mbstring', 'mysql', 'opcache', 'pgsql', 'readline'],
  ...['redis', 'soap', 'sqlite3', 'xml', 'zip'],
] as const

/** Extensions in files of their own; the base image has them all. */
export const bundledExtensions = [
  ...[
    'apcu',
    'bcmath',
    'calendar',
    'ctype',
    'curl',
    'dom',
    'exif',
    'ffi',
    'fileinfo',
    'ftp',
    'gd',
    'gettext',
  ],
  ...['gmp', 'iconv', 'igbinary', 'intl', 'mbstring', 'mysqli', 'mysqlnd', 'opcache', 'pdo', 'pdo_mysql'],
  ...['pdo_pgsql', 'pdo_sqlite', 'pgsql', 'phar', 'posix', 'readline', 'redis', 'shmop', 'simplexml', 'soap'],
  ...['sockets', 'sqlite3', 'sysvmsg', 'sysvsem', 'sysvshm', 'tokenizer', 'xml', 'xmlreader', 'xmlwriter'],
  ...['xsl', 'zip'],
]

/** Part of PHP itself. */
const builtIn = [
  ...['core', 'date', 'filter', 'hash', 'json', 'libxml', 'openssl', 'pcntl', 'pcre', 'random', 'reflection'],
  ...['session', 'sodium', 'spl', 'standard', 'zlib'],
]

/** What `ext-NAME` in composer.json may name. */
export const knownExtensions: ReadonlySet<string> = new Set([...bundledExtensions, ...builtIn])
