<?php
// fetch-wordpress.php FOLDER: WordPress from WORDPRESS_URL, a .tar.gz; without one, Debian's package.

declare(strict_types=1);

const MIRROR = 'https://deb.debian.org';
const SUITES = [
    ['debian-security', 'bookworm-security'],
    ['debian', 'bookworm'],
];
// Debian's package links to the files of others; the theme is one of its recommendations.
const PACKAGES = ['wordpress', 'wordpress-theme-twentytwentythree', 'php-getid3', 'libjs-cropper', 'libjs-underscore'];

$folder = $argv[1];
$work = '/tmp/wordpress';
mkdir($work);
$url = (string) getenv('WORDPRESS_URL');
$source = $url === '' ? fetchFromDebian($work) : fetchRelease($url, $work);
if (!is_file("$source/wp-settings.php")) {
    fail("there is no WordPress in what $url answered: it has to be a .tar.gz with the folder wordpress/");
}
// Debian's links to other packages' files become those files.
run('cp', '-rL', "$source/.", $folder);
run('rm', '-rf', $work);
require "$folder/wp-includes/version.php";
echo "WordPress $wp_version\n";

function fetchRelease(string $url, string $work): string
{
    if (preg_match('#^https?://#', $url) !== 1) {
        fail('WORDPRESS_URL has to begin with https:// or http://');
    }
    echo "WordPress from $url\n";
    $wanted = (string) getenv('WORDPRESS_SHA256');
    download($url, "$work/release.tar.gz", $wanted === '' ? null : $wanted);
    run('tar', '-xzf', "$work/release.tar.gz", '-C', $work);

    return "$work/wordpress";
}

function fetchFromDebian(string $work): string
{
    echo "WordPress from Debian's packages (another one: config:set WORDPRESS_URL=...)\n";
    foreach (findPackages($work) as $name => [$address, $sha256]) {
        download($address, "$work/$name.deb", $sha256);
        run('dpkg-deb', '-x', "$work/$name.deb", "$work/root");
    }
    $source = "$work/root/usr/share/wordpress";
    run('rm', '-f', "$source/.htaccess", "$source/wp-config.php");
    // Links with a whole path are meant for a machine on which all of it is installed.
    unlink("$source/wp-includes/certificates/ca-bundle.crt");
    copy('/etc/ssl/certs/ca-certificates.crt', "$source/wp-includes/certificates/ca-bundle.crt");

    return $source;
}

/** Name -> address and SHA-256, the first suite's before the second's. */
function findPackages(string $work): array
{
    $found = [];
    foreach (SUITES as [$archive, $suite]) {
        download(MIRROR . "/$archive/dists/$suite/main/binary-amd64/Packages.xz", "$work/Packages.xz", null);
        $index = popen('xzcat ' . escapeshellarg("$work/Packages.xz"), 'r');
        $entry = [];
        while (($line = fgets($index)) !== false) {
            if (preg_match('/^(Package|Filename|SHA256): (.*)$/', $line, $match) === 1) {
                $entry[$match[1]] = $match[2];
            } elseif ($line === "\n") {
                if (in_array($entry['Package'] ?? '', PACKAGES, true)) {
                    $found[$entry['Package']] ??= [MIRROR . "/$archive/" . $entry['Filename'], $entry['SHA256']];
                }
                $entry = [];
            }
        }
        pclose($index);
    }
    $missing = array_diff(PACKAGES, array_keys($found));
    if ($missing !== []) {
        fail('Debian has no ' . implode(', ', $missing) . ': config:set WORDPRESS_URL=...');
    }

    return $found;
}

function download(string $url, string $file, ?string $sha256): void
{
    $from = @fopen($url, 'r');
    $written = $from === false ? false : file_put_contents($file, $from);
    if ($written === false || $written === 0) {
        fail("$url does not answer: " . (error_get_last()['message'] ?? 'nothing came'));
    }
    if ($sha256 !== null && hash_file('sha256', $file) !== strtolower($sha256)) {
        fail("what $url answered has another SHA-256 than $sha256");
    }
}

function run(string ...$command): void
{
    passthru(implode(' ', array_map('escapeshellarg', $command)), $code);
    if ($code !== 0) {
        fail("$command[0] ended with $code");
    }
}

function fail(string $message): never
{
    fwrite(STDERR, "WordPress cannot be fetched: $message\n");
    exit(1);
}
