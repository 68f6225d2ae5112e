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

/** What official images have without being asked. */
const builtIntoOfficial = [
  ...['core', 'ctype', 'curl', 'date', 'dom', 'fileinfo', 'filter', 'hash', 'iconv', 'json', 'libxml'],
  ...['mbstring', 'mysqlnd', 'openssl', 'pcre', 'pdo', 'pdo_sqlite', 'phar', 'posix', 'random', 'readline'],
  ...['reflection', 'session', 'simplexml', 'sodium', 'spl', 'sqlite3', 'standard', 'tokenizer', 'xml'],
  ...['xmlreader', 'xmlwriter', 'zlib'],
]

/** What is compiled on top of them, and the packages of Debian that this takes. */
export const compiledExtensions: ReadonlyMap<string, readonly string[]> = new Map([
  ...['bcmath', 'calendar', 'exif', 'gettext', 'mysqli', 'opcache', 'pcntl', 'pdo_mysql', 'shmop'].map(alone),
  ...['sockets', 'sysvmsg', 'sysvsem', 'sysvshm'].map(alone),
  ['ffi', ['libffi-dev']],
  ['ftp', ['libssl-dev']],
  ['gd', ['libfreetype-dev', 'libjpeg62-turbo-dev', 'libpng-dev', 'libwebp-dev']],
  ['gmp', ['libgmp-dev']],
  ['intl', ['libicu-dev']],
  ['pdo_pgsql', ['libpq-dev']],
  ['pgsql', ['libpq-dev']],
  ['soap', ['libxml2-dev']],
  ['xsl', ['libxslt1-dev']],
  ['zip', ['libzip-dev']],
])

function alone(name: string): readonly [string, readonly string[]] {
  return [name, []]
}

/** What `ext-NAME` may name where an official image is built on. */
export const officialExtensions: ReadonlySet<string> = new Set([
  ...builtIntoOfficial,
  ...compiledExtensions.keys(),
])
