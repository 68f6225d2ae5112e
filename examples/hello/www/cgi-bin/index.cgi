#!/bin/sh
# busybox httpd runs this for `/`: a page of what the container was told, safe for HTML.
html() { printf %s "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }

greeting=$(html "${GREETING:-Hello}")
release=$(html "${PAAS_RELEASE:-no release}")
host=$(html "$(hostname)")

cat <<PAGE
Status: 200 OK
Content-Type: text/html; charset=utf-8
Cache-Control: no-store

<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$greeting</title>
<style>
  body { margin: 0; min-height: 100vh; display: grid; place-content: center; text-align: center;
    font: 1.1rem/1.6 system-ui, sans-serif; color: #1d2433; background: #f4f6fb }
  h1 { margin: 0; font-size: 4rem; letter-spacing: -.03em }
  code { padding: .1em .4em; border-radius: .3em; background: #e3e8f4 }
  @media (prefers-color-scheme: dark) {
    body { color: #e8ecf6; background: #141824 } code { background: #262d40 } }
</style>
<h1>$greeting</h1>
<p>release <code id="release">$release</code> on <code id="host">$host</code></p>
</html>
PAGE
