import type { Checks } from '../checks/check.ts'
import { type AppJson, parseAppJson } from './app-json.ts'
import { readChecksFile } from './checks-file.ts'
import { type Procfile, parseProcfile } from './procfile.ts'

/** What the files beside an app's code say about how it runs. */
export type RunFiles = {
  readonly procfile: Procfile | undefined
  readonly appJson: AppJson | undefined
  readonly checks: Checks
  readonly notes: readonly string[]
}

/** Reads Procfile, app.json and CHECKS, each where it is. Throws `UserError` where one is broken. */
export async function readRunFiles(read: (path: string) => Promise<string | undefined>): Promise<RunFiles> {
  const [procfile, appJsonText, checksText] = await Promise.all([
    read('Procfile'),
    read('app.json'),
    read('CHECKS'),
  ])
  const appJson = appJsonText === undefined ? undefined : parseAppJson(appJsonText)
  return {
    procfile: procfile === undefined ? undefined : parseProcfile(procfile),
    appJson,
    ...checksOf(appJson?.healthchecks ?? {}, checksText),
  }
}

/** app.json wins over a CHECKS file. */
function checksOf(
  healthchecks: Checks,
  checksText: string | undefined,
): { checks: Checks; notes: readonly string[] } {
  if (checksText === undefined) return { checks: healthchecks, notes: [] }
  if (Object.hasOwn(healthchecks, 'web'))
    return { checks: healthchecks, notes: ['CHECKS is ignored: app.json has healthchecks for web'] }
  const file = readChecksFile(checksText)
  return { checks: { ...healthchecks, web: file.checks }, notes: file.notes }
}
