import { existsSync } from 'node:fs'
import { execa } from 'execa'
import { UserError } from '../server/errors.ts'
import { readSettings } from '../server/settings.ts'
import { installed, unitPattern } from './installed.ts'
import { layout } from './layout.ts'
import { runEntry } from './run-entry.ts'

await runEntry(async () => {
  const { home } = readSettings()
  // Ctrl-C ends the follower and us alike; that is how one leaves a log, not a failure.
  const follow = execa({ stdio: 'inherit', reject: false })
  if (installed(home)) {
    await follow('journalctl', ['--follow', '--lines=40', '--unit', unitPattern])
    return
  }
  const places = layout(home)
  const logs = (['server', 'router', 'haproxy', 'redis', 'mysql'] as const)
    .map(places.log)
    .filter((log) => existsSync(log))
  if (logs.length === 0) throw new UserError(`There are no logs in ${places.logs} yet`, { next: 'make up' })
  await follow('tail', ['--lines=20', '--follow=name', '--retry', ...logs])
})
