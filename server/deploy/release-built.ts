import type { Checks } from '../checks/check.ts'
import { appUrls } from '../routing.ts'
import type { AppJson } from '../source/app-json.ts'
import type { Processes, Release } from '../state/releases.ts'
import type { Deploy } from './deploy.ts'
import type { Provided } from './provide-app-json.ts'
import { draftRelease, formationFor } from './release.ts'
import { serve } from './serve.ts'
import type { Change } from './swap.ts'
import { runTasksBeforeStart, runTasksBeforeSwitch } from './tasks.ts'

/** An image of the app, and how it is to run. */
export type Built = Partial<Pick<Change, 'afterSwitch'>> & {
  readonly image: string
  readonly commit: string | null
  readonly wanted: Provided
  readonly processes: Processes | undefined
  readonly checks: Checks
  readonly appJson: AppJson | undefined
  readonly description: string
  /** Part of the switch's transaction. */
  readonly record?: (() => void) | undefined
}

/** From an image to what serves: release, tasks, start, check, switch, routes. Says where the app answers. */
export async function releaseBuilt(deploy: Deploy, built: Built): Promise<Release> {
  const { paas, app } = deploy
  const { wanted, appJson } = built
  const processes = built.processes ?? { web: null }
  const next = await draftRelease(paas, app, {
    image: built.image,
    commit: built.commit,
    config: wanted.config,
    nextLinks: wanted.links,
    processes,
    checks: built.checks,
    formation: formationFor(paas, app, processes, appJson?.formation),
    description: built.description,
    createdBy: deploy.request.who,
  })
  await runTasksBeforeStart(deploy, next, appJson?.tasks)
  await serve(deploy, next, {
    ...(built.afterSwitch ? { afterSwitch: built.afterSwitch } : {}),
    beforeSwitch: () => runTasksBeforeSwitch(deploy, next, appJson?.tasks),
    record: () => {
      wanted.record()
      built.record?.()
    },
  })
  sayDeployed(deploy, next)
  return next
}

function sayDeployed(deploy: Deploy, { version, formation }: Release): void {
  const { paas, app, progress } = deploy
  const runs = Object.keys(formation).filter((process) => (formation[process] ?? 0) > 0)
  const first = Object.keys(formation)[0] ?? 'web'
  if (app.stopped) progress.step(`v${version} is stored; ${app.name} is stopped: ps:start ${app.name}`)
  else if (runs.includes('web')) progress.step(`v${version} serves`)
  else if (runs.length > 0) progress.step(`v${version} runs: ${runs.join(', ')}; without web it has no page`)
  else progress.step(`v${version} is live, but nothing runs: ps:scale ${app.name} ${first}=1`)
  progress.heading('Application deployed:')
  for (const url of runs.includes('web') ? appUrls(paas, app) : []) progress.detail(url)
}
