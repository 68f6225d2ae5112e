import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { until } from '../instance.ts'

const module = pathToFileURL(join(import.meta.dirname, '..', '..', 'scripts', 'start-detached.ts')).href

test('what is started detached holds nothing open that its starter had', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'paas-detached-'))
  const pidFile = join(folder, 'pid')
  const program = `
    import { startDetached } from '${module}'
    await startDetached(['sh', '-c', 'echo $$ >"$0"; exec sleep 60', '${pidFile}'], { folder: '/', inheritsEnvironment: true })
  `
  // By a high number, as bash passes on its process substitutions; Node itself closes the low ones.
  const node = [process.execPath, '--input-type=module-typescript', '--eval', program]
  const starter = spawn('bash', ['-c', 'exec 63>&3 3>&-; exec "$@"', 'bash', ...node], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  const ended = [starter.stdio[1], starter.stdio[3]].map(async (stream) => {
    if (!(stream instanceof Readable)) throw new Error('no pipe')
    await once(stream.resume(), 'end')
  })
  const read = (): string => readFileSync(pidFile, 'utf8').trim()
  try {
    await Promise.all(ended)
    await until('it has written its pid', async () => /^\d+$/.test(read()))
    expect(readFileSync(`/proc/${read()}/cmdline`, 'utf8')).toBe('sleep\x0060\0')
  } finally {
    process.kill(Number(read()), 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
