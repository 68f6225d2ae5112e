import { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { AppError } from '../errors.ts'
import type { Release } from '../state/releases.ts'
import type { Deploy } from './deploy.ts'
import { runOneOff } from './one-off.ts'

export type Task = {
  /** As people are told of it: `release command` */
  readonly name: string
  /** Run as a line of the Procfile is. */
  readonly line: string
}

const mostLines = 20

/**
 * Runs a task of a deploy once, in a container of the new release; its output goes to the pusher. Throws `AppError`
 * where it exits non-zero.
 */
export async function runTask(deploy: Deploy, release: Release, { name, line }: Task): Promise<void> {
  const { paas, app, progress, signal } = deploy
  progress.step(`Running the ${name}: ${line}`)
  const lastLines: string[] = []
  const output = linesTo((line) => {
    const text = paas.secrets.hide(app.id, line)
    progress.detail(text)
    lastLines.push(text)
    if (lastLines.length > mostLines) lastLines.shift()
  })
  const code = await runOneOff(paas, {
    app,
    release,
    words: [],
    line,
    environment: {},
    terminal: undefined,
    stdin: Readable.from([]),
    stdout: output,
    stderr: output,
    signal,
  })
  output.end()
  deploy.tasks.push(name)
  if (code === 0) return
  throw new AppError(`The ${name} exited with code ${code}`, {
    lastLines,
    next: 'Correct it and push again',
  })
}

function linesTo(show: (line: string) => void): Writable {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) show(line)
      done()
    },
    final(done) {
      if (rest !== '') show(rest)
      done()
    },
  })
}
