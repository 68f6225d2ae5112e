import { compiledExtensions, phpVersion } from './extensions.ts'
import type { Php } from './php-version.ts'

const ours = `paas/php:${phpVersion}`

/** A database, and speed: what is always wanted. */
const always = ['mysqli', 'opcache', 'pdo_mysql']

/**
 * Instructions that give an official image what our base image has: its user, Apache's and PHP's settings, the start,
 * Composer, and the extensions that are asked for.
 */
export function asOurs(
  { module, library }: NonNullable<Php['official']>,
  extensions: readonly string[],
): readonly string[] {
  const compiled = [...new Set([...always, ...extensions])].filter((name) => compiledExtensions.has(name))
  const packages = [...new Set(compiled.flatMap((name) => compiledExtensions.get(name) ?? []))]
  return [
    "RUN sed -i 's/^www-data:x:33:33:/www-data:x:1000:1000:/' /etc/passwd && sed -i 's/^www-data:x:33:/www-data:x:1000:/' /etc/group",
    ...(packages.length === 0
      ? []
      : [
          `RUN apt-get update && apt-get install -y --no-install-recommends ${packages.sort().join(' ')} && rm -rf /var/lib/apt/lists/*`,
        ]),
    ...(compiled.includes('gd')
      ? ['RUN docker-php-ext-configure gd --with-freetype --with-jpeg --with-webp']
      : []),
    // Some versions have one or the other already, and it cannot be compiled twice.
    `RUN for name in ${compiled.sort().join(' ')}; do php -m | grep -qix -e "$name" -e "zend $name" || docker-php-ext-install "$name" || exit 1; done`,
    `COPY --from=${ours} /etc/apache2/apache2.conf /etc/apache2/apache2.conf`,
    `RUN sed -i 's|^LoadModule php_module .*|LoadModule ${module} /usr/lib/apache2/modules/${library}|' /etc/apache2/apache2.conf`,
    `COPY --from=${ours} /etc/php/${phpVersion}/apache2/php.ini /usr/local/etc/php/php.ini`,
    `COPY --from=${ours} /usr/local/bin/start-apache /usr/local/bin/start-apache`,
    // What unpacks archives for Composer.
    `COPY --from=${ours} /usr/bin/busybox /usr/local/bin/unzip`,
    `COPY --from=${ours} /usr/bin/composer /usr/bin/composer`,
    `COPY --from=${ours} /usr/share/php /usr/share/php`,
    'RUN ln -sf /usr/local/bin/php /usr/bin/php && ln -sf start-apache /usr/local/bin/heroku-php-apache2',
    'ENV PHP_MEMORY_LIMIT=128M PHP_UPLOAD_LIMIT=64M PHP_DISPLAY_ERRORS=Off',
    // Theirs ends Apache with another signal than start-apache waits for.
    'STOPSIGNAL SIGTERM',
    'ENTRYPOINT []',
  ]
}
