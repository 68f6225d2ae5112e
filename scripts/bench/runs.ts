import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestInstance } from '../../test/instance.ts'
import { say } from '../say.ts'
import type { ByHand } from './by-hand.ts'
import { alternating, type Figures, timed } from './pairs.ts'
import type { Row } from './table.ts'

const megabytes = 300
const bytes = megabytes * 1024 ** 2
const promisedPerSecond = 100

/** How fast a command's bytes come and go through `run`, beside `docker run --interactive` of the same image. */
export async function runs(
  { instance, app, hand, repository }: Given,
  rounds: number,
): Promise<readonly Row[]> {
  say.step(`run: ${megabytes} MB from a command, and to it`)
  const image = await hand.image(repository)
  const ours = ['ssh', '-F', instance.sshConfig, '-o', 'BatchMode=yes', 'paas', 'run', app]
  const theirs = ['docker', 'run', '--rm', '--interactive', image]
  const written = ['head', '-c', String(bytes), '/dev/zero']
  const read = ['sh', '-c', 'cat >/dev/null']
  const file = join(instance.folder, 'bytes')
  writeFileSync(file, Buffer.alloc(bytes, 'what is sent'))
  const figures = await alternating(
    {
      out: () => timed(() => pipes([...ours, ...written])),
      outByHand: () => timed(() => pipes([...theirs, ...written])),
      // What ssh is given it joins to one line, which the server splits again.
      into: () => timed(() => pipes([...ours, "sh -c 'cat >/dev/null'"], file)),
      intoByHand: () => timed(() => pipes([...theirs, ...read], file)),
    },
    rounds,
  )
  return [
    row(`ssh paas run: ${megabytes} MB from it`, figures.out, 'from it', figures.outByHand),
    row(`ssh paas run: ${megabytes} MB to it`, figures.into, 'to it', figures.intoByHand),
  ]
}

export type Given = {
  readonly instance: TestInstance
  readonly app: string
  readonly hand: ByHand
  /** The path of the app's repository. */
  readonly repository: string
}

const row = (what: string, ours: Figures, way: string, figures: Figures): Row => ({
  what,
  ours,
  others: [{ name: `docker run --interactive: ${megabytes} MB ${way}`, figures }],
  promise: { times: 1, orMs: (megabytes / promisedPerSecond) * 1000 },
})

/** Runs a command to its end; what it writes is thrown away by the kernel, what it reads comes from a file. */
async function pipes([program = '', ...words]: readonly string[], file?: string): Promise<void> {
  const input = openSync(file ?? '/dev/null', 'r')
  try {
    const [code] = await once(spawn(program, words, { stdio: [input, 'ignore', 'inherit'] }), 'close')
    if (code !== 0) throw new Error(`${program} ${words.join(' ')}: exit code ${code}`)
  } finally {
    closeSync(input)
  }
}
