import { join } from 'node:path'
import { UserError } from '../server/errors.ts'
import { pinToRouterCore } from './bench-router/machine.ts'
import restarts from './bench-router/sections/restarts.ts'
import size from './bench-router/sections/size.ts'
import slow from './bench-router/sections/slow.ts'
import speed from './bench-router/sections/speed.ts'
import swaps from './bench-router/sections/swaps.ts'
import { sayFindings } from './chaos/say-findings.ts'
import type { Finding, Section } from './chaos/section.ts'
import { fillCompileCache } from './compile-cache.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'

const sections: Readonly<Record<string, Section>> = { speed, size, swaps, restarts, slow }

// What we promise of the router, measured on routers of its own. Words after the script's name choose sections.
await runEntry(async () => {
  pinToRouterCore()
  await fillCompileCache(join(import.meta.dirname, '..'), undefined)
  const wanted = process.argv.slice(2)
  const unknown = wanted.find((name) => !Object.hasOwn(sections, name))
  if (unknown !== undefined)
    throw new UserError(`There is no section "${unknown}"`, {
      next: `There are: ${Object.keys(sections).join(', ')}`,
    })
  const findings: Finding[] = []
  for (const [name, section] of Object.entries(sections)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    say.step(`${name}: ${section.summary}`)
    findings.push(...(await section.run()))
  }
  sayFindings('Promises, and what was measured', findings)
})
