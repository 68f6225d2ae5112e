import type { Files } from '../repository.ts'

/** A web process and others by a Procfile; every one logs `TYPE v.RELEASE N` each half second when it is told to tick. */
export const processApp = (text: string): Files => ({
  Dockerfile: ['FROM paas/busybox', 'COPY . /app', 'WORKDIR /app', ''].join('\n'),
  'www/index.html': `${text}\n`,
  Procfile: [
    "web: sh -c 'sh tick web & exec busybox httpd -f -p $PORT -h www'",
    'worker: sh tick worker',
    'console: echo the console of $PAAS_APP',
    '',
  ].join('\n'),
  tick: 'n=0\nwhile true; do n=$((n+1)); echo "$1 $PAAS_RELEASE $n"; sleep 0.2; done\n',
})
