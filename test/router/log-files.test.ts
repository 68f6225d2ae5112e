import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLogFiles } from '../../router/log-files.ts'
import { routerHistory } from '../../server/logs/router-log.ts'

const line = (number: number): string =>
  `2026-08-01T10:00:00.00000000${number}Z app[router]: line ${number}\n`

test('Of a log that was full, the server reads what came before too', async () => {
  const home = await mkdtemp('/tmp/paas-log-files-')
  await using _ = { [Symbol.asyncDispose]: () => rm(home, { recursive: true }) }
  for (const number of [1, 2]) {
    await using files = await createLogFiles({
      directory: join(home, 'router', 'log'),
      report: (text) => expect.fail(text),
      maxBytes: 100,
    })
    files.append('blog', line(number).length, (bytes, at) => at + bytes.write(line(number), at))
  }
  const { entries } = await routerHistory(home, 'blog')
  expect(entries.map(({ text }) => text)).toEqual(['line 1', 'line 2'])
})
