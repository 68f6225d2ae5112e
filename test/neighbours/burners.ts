import type { Files } from '../repository.ts'

/** A web process that only says that it is there, and one process type for each way to take more than one's share. */
export const burnerApp = (): Files => ({
  Dockerfile: 'FROM paas/node:24\nCOPY . /app\nWORKDIR /app\n',
  Procfile: [
    'web: node page.js',
    ...['cpu', 'forks', 'memory', 'logs', 'disk', 'spill', 'crowd'].map((way) => `${way}: sh burn ${way}`),
    '',
  ].join('\n'),
  'page.js': "require('http').createServer((_, answer) => answer.end('here\\n')).listen(process.env.PORT)\n",
  burn,
  // As many processes as there may be, for as long as the container lives: a shell that cannot fork ends.
  'bomb.js': `
const { spawn } = require('node:child_process')
setInterval(() => spawn('sh', ['-c', 'bomb() { bomb | bomb & }; bomb'], { stdio: 'ignore' }).on('error', () => {}), 20)
`,
  // More processes than there may be, and after a few seconds none.
  'crowd.js': `
const { spawn } = require('node:child_process')
const crowd = []
const timer = setInterval(() => {
  for (let each = 0; each < 30; each++)
    crowd.push(spawn('sleep', ['1000'], { stdio: 'ignore' }).on('error', () => {}))
}, 100)
setTimeout(() => {
  clearInterval(timer)
  for (const each of crowd) each.kill('SIGKILL')
  setInterval(() => {}, 1000)
}, 8000)
`,
  // Up to the limit and over it, again and again: the kernel ends this process, and its parent starts the next.
  'fill.js': 'for (const all = []; ; ) all.push(Buffer.alloc(8 << 20, 1))\n',
})

const burn = `case $1 in
cpu)
  for each in 1 2 3 4 5 6 7 8; do while :; do :; done & done
  ;;
forks)
  exec node bomb.js
  ;;
memory)
  while :; do node fill.js; done 2>/dev/null &
  ;;
logs)
  while :; do yes "the same line, as often as it goes"; done &
  ;;
disk)
  while :; do dd if=/dev/zero of=/tmp/flood bs=1M count=300 2>/dev/null; done &
  ;;
spill)
  while :; do dd if=/dev/zero of=/tmp/spill bs=1M count=40 2>/dev/null; sleep 0.1; done &
  ;;
crowd)
  exec node crowd.js
  ;;
esac
wait
`

/** A build of which a step takes both cores, and more, for so long. */
export const burningBuild = (text: string, seconds: number): Files => ({
  Dockerfile: [
    'FROM paas/busybox',
    `RUN echo burning ${text}; for each in 1 2 3 4; do timeout ${seconds} sh -c 'while :; do :; done' & done; wait`,
    'COPY www /www',
    'CMD ["/bin/sh", "-c", "exec busybox httpd -f -p \\"$PORT\\" -h /www"]',
    '',
  ].join('\n'),
  'www/index.html': `${text}\n`,
})

/** An app whose page costs some 5 ms of CPU, as a page of a framework does. */
export const pageApp = (): Files => ({
  Dockerfile: 'FROM paas/node:24\nCOPY page.js /\nCMD ["node", "/page.js"]\n',
  'page.js': `
const { createHash } = require('node:crypto')
const { createServer } = require('node:http')
const text = Buffer.alloc(4096, 'a page of an app')
createServer((_, answer) => {
  let digest = text
  for (let round = 0; round < 1200; round++) digest = createHash('sha256').update(text).update(digest).digest()
  answer.end(digest.toString('hex'))
}).listen(process.env.PORT)
`,
})
