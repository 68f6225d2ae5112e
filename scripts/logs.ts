import { existsSync } from 'node:fs'
import { execa } from 'execa'
import { UserError } from '../server/errors.ts'
import { readSettings } from '../server/settings.ts'
import { layout } from './layout.ts'
import { runEntry } from './run-entry.ts'

await runEntry(async () => {
  const places = layout(readSettings().home)
  const logs = (['server', 'router', 'haproxy', 'redis', 'mysql'] as const)
    .map(places.log)
    .filter((log) => existsSync(log))
  if (logs.length === 0) throw new UserError(`There are no logs in ${places.logs} yet`, { next: 'make up' })
  // Ctrl-C ends tail and us alike; that is how one leaves a log, not a failure.
  await execa({ stdio: 'inherit', reject: false })('tail', [
    '--lines=20',
    '--follow=name',
    '--retry',
    ...logs,
  ])
})
