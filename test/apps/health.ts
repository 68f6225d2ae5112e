import type { Files } from '../repository.ts'
import { staticApp } from './static.ts'

const answer = (status: string, text: string): string =>
  `printf "Status: ${status}\\r\\nContent-Type: text/plain\\r\\n\\r\\n${text}\\n"`

/**
 * A page with `text`, `/cgi-bin/health` that says 503 while /tmp/ill exists, `/cgi-bin/fall-ill`, `/cgi-bin/recover`
 * and `/cgi-bin/die`; `appJson` as given.
 */
export const healthApp = (text: string, appJson: object = {}): Files => ({
  ...staticApp(text),
  'app.json': JSON.stringify(appJson),
  'www/cgi-bin/health': `#!/bin/sh\nif [ -e /tmp/ill ]; then ${answer('503 Ill', 'the \\\\033[2Jdatabase is away')}; else ${answer('200 OK', 'all is well')}; fi\n`,
  'www/cgi-bin/fall-ill': `#!/bin/sh\nmkdir -p /tmp; touch /tmp/ill\n${answer('200 OK', 'ill')}\n`,
  'www/cgi-bin/recover': `#!/bin/sh\nrm -f /tmp/ill\n${answer('200 OK', 'well')}\n`,
  'www/cgi-bin/die': '#!/bin/sh\necho dying now > /proc/1/fd/1\nkill -9 -1\n',
})

/** Serves a page with `text` for `seconds`, then exits with code 3; in its second life it does `afterwards`. */
export const mortalApp = (text: string, seconds: number, afterwards = ''): Files => ({
  ...staticApp(text),
  Dockerfile: 'FROM paas/busybox\nCOPY www /www\nCOPY run.sh /run.sh\nCMD ["/bin/sh", "/run.sh"]\n',
  'run.sh': [
    `[ -e /lived ] && { ${afterwards || 'true'}; }`,
    'echo $$ > /lived',
    'busybox httpd -p $PORT -h /www',
    `sleep ${seconds}`,
    'echo giving up',
    'exit 3',
    '',
  ].join('\n'),
})
