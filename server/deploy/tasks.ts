import type { Tasks } from '../source/app-json.ts'
import type { Release } from '../state/releases.ts'
import type { Deploy } from './deploy.ts'
import { runTask } from './run-task.ts'

/**
 * What runs once before anything of a release does: app.json's predeploy, then the Procfile's `release` line. Throws
 * `AppError` where one fails.
 */
export async function runTasksBeforeStart(
  deploy: Deploy,
  release: Release,
  tasks: Tasks = {},
): Promise<void> {
  if (tasks.predeploy !== undefined)
    await runTask(deploy, release, { name: 'predeploy task', line: tasks.predeploy })
  const line = release.processes.release
  if (typeof line === 'string') await runTask(deploy, release, { name: 'release command', line })
}

/**
 * What runs once when a release runs and is checked, and does not serve yet: app.json's postdeploy, before it in an
 * app's first deploy the one for that. Throws `AppError` where one fails: the switch is still to come.
 */
export async function runTasksBeforeSwitch(
  deploy: Deploy,
  release: Release,
  tasks: Tasks = {},
): Promise<void> {
  if (tasks.firstPostdeploy !== undefined && deploy.app.release === null)
    await runTask(deploy, release, { name: "first deploy's postdeploy task", line: tasks.firstPostdeploy })
  if (tasks.postdeploy !== undefined)
    await runTask(deploy, release, { name: 'postdeploy task', line: tasks.postdeploy })
}
