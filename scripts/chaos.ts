import { readSettings } from '../server/settings.ts'
import { sweepInstances } from '../test/instance.ts'
import { ensureBaseImages } from './base-images.ts'
import { sayFindings } from './chaos/say-findings.ts'
import type { Finding, Section } from './chaos/section.ts'
import { chooseSections } from './chaos/sections.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'

// What is promised under faults, beside what is seen when they are caused. Words after the script's name choose sections.
await runEntry(async () => {
  const restartDocker = process.env.RESTART_DOCKER === '1'
  const sections = await chooseSections(process.argv.slice(2), { restartDocker })
  await ensureBaseImages(readSettings().dockerHost, ['busybox', 'node'])
  const findings: Finding[] = []
  for (const [name, section] of sections) {
    say.step(`${name}: ${section.summary}`)
    findings.push(...(await findingsOf(name, section)))
  }
  await sweepInstances()
  sayFindings('Promises, and what was seen', findings)
})

/** A section that breaks is a promise that was not shown; the others still have their turn. */
async function findingsOf(name: string, section: Section): Promise<readonly Finding[]> {
  try {
    return await section.run()
  } catch (error) {
    say.trouble(String((error as Error).stack))
    const [measured = ''] = String(error).split('\n')
    return [{ row: name, promise: 'the section comes to its end', measured, holds: false }]
  }
}
