import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestInstance, until } from './instance.ts'

/** Where deploys stay, right after a step of theirs, as long as it is shut. */
export type Gate = {
  shut(): void
  open(): void
  /** Resolves when a deploy stands before it. */
  reached(): Promise<void>
}

/** Makes gates after `step`: one for all apps, and one for each. All are open at first. */
export function makeGates(paas: Pick<TestInstance, 'home' | 'folder'>, step: string): (app?: string) => Gate {
  const folder = join(paas.home, 'hooks', step)
  mkdirSync(folder, { recursive: true })
  const shut = (app = ''): string => join(paas.folder, `gate-${step}-${app}`)
  const hook = `#!/bin/sh
for gate in "${shut()}" "${shut('$PAAS_APP')}"; do
  while [ -e "$gate" ]; do : > "$gate.reached"; sleep 0.05; done
done
`
  writeFileSync(join(folder, 'gate'), hook, { mode: 0o755 })
  return (app) => ({
    shut: () => writeFileSync(shut(app), ''),
    open: () => {
      rmSync(shut(app), { force: true })
      rmSync(`${shut(app)}.reached`, { force: true })
    },
    reached: () => until('a deploy is at the gate', async () => existsSync(`${shut(app)}.reached`)),
  })
}
