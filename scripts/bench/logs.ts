import { execa } from 'execa'
import { type TestInstance, until } from '../../test/instance.ts'
import { type Files, makeRepository } from '../../test/repository.ts'
import { say } from '../say.ts'
import { containersWith } from './containers-with.ts'
import { alternating, type Figures } from './pairs.ts'
import type { Row } from './table.ts'

const app = 'chatter'
/** With the rounds that are measured less than what is kept of a burst. */
const lines = 10_000
const delays = 500

/** Writes a line each 20 ms or so, and on `GET /cgi-bin/write?COUNT-WORD` as many at once as asked for. */
const chatter: Files = {
  Dockerfile: [
    'FROM paas/busybox',
    'COPY . /app',
    'WORKDIR /app',
    'RUN chmod 755 www/cgi-bin/write',
    '',
  ].join('\n'),
  'www/cgi-bin/write': [
    '#!/bin/sh',
    `busybox awk -v n="\${QUERY_STRING%%-*}" -v word="\${QUERY_STRING#*-}" 'BEGIN { for (i = 1; i <= n; i++) print word, i, "of a line as apps write them, with an address, a path and a status" }' >/proc/1/fd/1`,
    'printf "Content-Type: text/plain\\r\\n\\r\\ndone\\n"',
    '',
  ].join('\n'),
  Procfile:
    "web: busybox httpd -f -p $PORT -h www\nticker: sh -c 'while :; do echo tick; sleep 0.02; done'\n",
}

/** How fast lines arrive where they are followed, and how late, beside `docker logs --follow` of the same container. */
export async function logs(instance: TestInstance, rounds: number): Promise<readonly Row[]> {
  say.step(`Logs: ${lines} lines at once, and ${delays} one by one`)
  using repository = await makeRepository(chatter)
  const pushed = await repository.push(instance, app)
  if (pushed.exitCode !== 0) throw new Error(pushed.stderr)
  const ours = ['ssh', '-F', instance.sshConfig, '-o', 'BatchMode=yes', 'paas', `logs ${app} -t -n 0 -p web`]
  const theirs = ['docker', 'logs', '--follow', '--timestamps', '--tail', '0', await containerOf('web.1')]
  let number = 0
  const burst = async (command: readonly string[]): Promise<number> => {
    const word = `burst${++number}`
    await using follower = follow(command)
    await arrives(instance, follower, word)
    const started = performance.now()
    const end = follower.arrival(`${word} ${lines} `)
    await instance.get(`${app}.localhost`, `/cgi-bin/write?${lines}-${word}`)
    return (await end) - started
  }
  const figures = await alternating({ ours: () => burst(ours), theirs: () => burst(theirs) }, rounds)

  await instance.ok(`scale ${app} ticker=1`)
  const [late, lateByHand] = await Promise.all([
    delaysOf(ours.with(-1, `logs ${app} -t -n 0 -p ticker`)),
    delaysOf(theirs.with(-1, await containerOf('ticker.1'))),
  ])
  await instance.ok(`destroy ${app} --force`)
  const name = 'docker logs --follow'
  return [
    { what: `${lines} lines, followed`, ours: figures.ours, others: [{ name, figures: figures.theirs }] },
    {
      what: 'a line until it is read',
      ours: late,
      others: [{ name: `${name}: a line until it is read`, figures: lateByHand }],
    },
    {
      what: 'the same, of 100 lines the second latest',
      ours: [percentile(late, 0.99)],
      others: [{ name: `${name}: of 100 lines the second latest`, figures: [percentile(lateByHand, 0.99)] }],
      promise: { plusMs: 200 },
    },
  ]

  async function containerOf(process: string): Promise<string> {
    const [id = ''] = await containersWith([
      `paas.instance=${instance.id}`,
      `paas.app=${app}`,
      `paas.process=${process}`,
    ])
    return id
  }
}

type Follower = AsyncDisposable & {
  /** When a line with this text has come, by `performance.now()`. */
  arrival(text: string): Promise<number>
  /** Each chunk as it comes. */
  onText(take: (text: string) => void): void
}

function follow([file = '', ...words]: readonly string[]): Follower {
  const running = execa(file, words, { reject: false, buffer: false, stdin: 'ignore' })
  return {
    arrival: (text) =>
      new Promise((resolve) => {
        let rest = ''
        running.stdout.on('data', (chunk: Buffer) => {
          rest = rest.slice(-text.length) + String(chunk)
          if (rest.includes(text)) resolve(performance.now())
        })
      }),
    onText: (take) => void running.stdout.on('data', (chunk: Buffer) => take(String(chunk))),
    async [Symbol.asyncDispose]() {
      running.kill('SIGTERM')
      await running
    },
  }
}

/** Returns when the follower shows what is written: it takes a moment to begin. */
async function arrives(instance: TestInstance, follower: Follower, word: string): Promise<void> {
  let isThere = false
  void follower.arrival(`ready-${word}`).then(() => {
    isThere = true
  })
  await until('it follows', async () => {
    if (!isThere) await instance.get(`${app}.localhost`, `/cgi-bin/write?1-ready-${word}`)
    return isThere
  })
}

/** Milliseconds from when Docker has a line, by the time that it gives it, until the follower has it. */
async function delaysOf(command: readonly string[]): Promise<Figures> {
  await using follower = follow(command)
  const found: number[] = []
  const ended = Promise.withResolvers<void>()
  let rest = ''
  follower.onText((text) => {
    const now = performance.timeOrigin + performance.now()
    const whole = (rest + text).split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) {
      const [, milliseconds, more] = /^(\S{23})(\d{6})Z /.exec(line) ?? []
      if (milliseconds !== undefined) found.push(now - Date.parse(`${milliseconds}Z`) - Number(more) / 1e6)
    }
    if (found.length >= delays) ended.resolve()
  })
  await ended.promise
  return found.slice(0, delays)
}

const percentile = (figures: Figures, share: number): number =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length * share)] ?? Number.NaN
