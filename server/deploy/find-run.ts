import { UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import { type Run, runsOf } from './detached-runs.ts'

/** The run that `word` names: `run.x7k2ma`, or without `run.`. Throws `UserError`. */
export async function findRun(paas: Paas, app: App, word: string): Promise<Run> {
  const runs = await runsOf(paas, app)
  const run = runs.find(({ id }) => id === word || id === `run.${word}`)
  if (run) return run
  throw new UserError(`${app.name} has no run "${word.slice(0, 40)}"`, {
    next: `Its runs, for as long as they are kept: run:list ${app.name}`,
  })
}
