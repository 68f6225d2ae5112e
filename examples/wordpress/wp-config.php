<?php
// Everything comes from config vars; there is nothing to edit here.

function configVar(string $name): string
{
    $value = (string) getenv($name);
    if ($value === '') {
        error_log("The config var $name is missing");
        http_response_code(500);
        exit("This blog is not configured: the config var $name is missing.\n");
    }

    return $value;
}

// Of the linked database: mysql:link
define('DB_NAME', configVar('DB_NAME'));
define('DB_USER', configVar('DB_USER'));
define('DB_PASSWORD', configVar('DB_PASSWORD'));
define('DB_HOST', configVar('DB_HOST') . ':' . (getenv('DB_PORT') ?: '3306'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = getenv('WORDPRESS_TABLE_PREFIX') ?: 'wp_';

// Made once by the server, as app.json asks; all containers have the same, so a login holds on each.
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $kind) {
    define("{$kind}_KEY", configVar("{$kind}_KEY"));
    define("{$kind}_SALT", configVar("{$kind}_SALT"));
}

// Any domain of the app, unless one is set. The router lets only the app's own domains through.
$scheme = ($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? 'http') === 'https' ? 'https' : 'http';
$address = getenv('WP_HOME') ?: (isset($_SERVER['HTTP_HOST']) ? "$scheme://{$_SERVER['HTTP_HOST']}" : '');
if ($address !== '') {
    define('WP_HOME', rtrim($address, '/'));
    define('WP_SITEURL', rtrim($address, '/'));
}
// WordPress looks at it in commands too.
$_SERVER['HTTP_HOST'] ??= 'localhost';

// The code is the image's: a push changes it, on all containers at once.
define('DISALLOW_FILE_MODS', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
// The process `cron` does it, not visitors' requests.
define('DISABLE_WP_CRON', true);
define('WP_DEBUG', getenv('WP_DEBUG') === 'true');
define('WP_DEBUG_DISPLAY', false);

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
