import type { Files } from '../../test/repository.ts'

/** The port on which the app listens unless PORT says otherwise. */
export const appPort = 5000

/** A small Dockerfile app whose page is its one file that changes, and what COLOUR said when it started. */
export const benchApp: Files = {
  Dockerfile: [
    'FROM paas/busybox',
    'COPY www /www',
    `CMD ["/bin/sh", "-c", "echo colour=$COLOUR. >>/www/index.html; exec busybox httpd -f -p \\"\${PORT:-${appPort}}\\" -h /www"]`,
    '',
  ].join('\n'),
  'www/index.html': 'text=first.\n',
  'www/style.css': 'body { font-family: sans-serif }\n',
  'README.md': 'An app that answers with one page.\n',
}
