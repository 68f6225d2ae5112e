import { UsageError, UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'
import type { DeployKind, DeployRecord } from '../state/journal.ts'
import type { Store } from '../state/store.ts'

/** How a command declares the number of a deploy. */
export const deployArgument = { name: 'N', looks: (word: string): boolean => /^#?\d+$/.test(word) } as const

/** Whose the deploy of this number is. */
export const appOfDeploy = (store: Store, word: string): string | undefined =>
  deployArgument.looks(word) ? store.journal.find(parseNumber(word))?.appId : undefined

/**
 * The app's deploy of this number, without one the one under way, else the newest. Throws `UserError` where there is
 * none.
 */
export function findDeploy(paas: Paas, app: App, word: string | undefined, kind?: DeployKind): DeployRecord {
  const { journal } = paas.store
  const what = kind === 'push' ? 'build' : 'deploy'
  if (word === undefined) {
    const running = paas.jobs.of(app.id).find(({ request }) => kind === undefined || request.kind === kind)
    const found = running ? journal.find(running.id) : journal.of(app.id, 1, kind)[0]
    if (found) return found
    throw new UserError(`${app.name} has no ${what} yet`, { next: `git push paas:${app.name} main` })
  }
  const record = journal.find(parseNumber(word))
  if (record?.appId === app.id && (kind === undefined || record.kind === kind)) return record
  throw new UserError(`${app.name} has no ${what} ${word}`, { next: `Its ${what}s: ${what}s ${app.name}` })
}

function parseNumber(word: string): number {
  const [, digits] = /^#?(\d{1,15})$/.exec(word) ?? []
  if (digits !== undefined) return Number(digits)
  throw new UsageError(`"${word.slice(0, 40)}" is no deploy's number`, { next: 'Name it as in: 17' })
}
