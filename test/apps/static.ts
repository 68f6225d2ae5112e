import type { Files } from '../repository.ts'

/** The smallest web app: busybox serves one page with `text` and whatever CGI is added. Starts in milliseconds. */
export const staticApp = (text: string): Files => ({
  Dockerfile: [
    'FROM paas/busybox',
    'COPY www /www',
    'CMD ["/bin/sh", "-c", "exec busybox httpd -f -p \\"$PORT\\" -h /www"]',
    '',
  ].join('\n'),
  'www/index.html': `${text}\n`,
  // The container's environment, byte for byte.
  'www/cgi-bin/environment':
    '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\ncat /proc/1/environ\n',
})
