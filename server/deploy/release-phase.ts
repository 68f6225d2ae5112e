import { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { AppError } from '../errors.ts'
import type { Progress } from '../progress.ts'
import type { Release } from '../state/releases.ts'
import type { Deploy } from './deploy.ts'
import { runOneOff } from './one-off.ts'

/**
 * Runs the Procfile's `release` line once, in a container of the new release, before anything of it serves; its
 * output goes to the pusher. Throws `AppError` where it exits non-zero.
 */
export async function releasePhase(deploy: Deploy, release: Release): Promise<void> {
  if (typeof release.processes.release !== 'string') return
  const { paas, app, progress, signal } = deploy
  progress.step(`Running the release command: ${release.processes.release}`)
  const output = linesTo(progress)
  const code = await runOneOff(paas, {
    app,
    release,
    words: ['release'],
    environment: {},
    terminal: undefined,
    stdin: Readable.from([]),
    stdout: output,
    stderr: output,
    signal,
  })
  output.end()
  if (code === 0) return
  throw new AppError(`The release command exited with code ${code}`, { next: 'Correct it and push again' })
}

function linesTo(progress: Progress): Writable {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) progress.detail(line)
      done()
    },
    final(done) {
      if (rest !== '') progress.detail(rest)
      done()
    },
  })
}
