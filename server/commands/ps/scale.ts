import type { Command } from '../../command.ts'
import { quantitiesInWords } from '../../deploy/quantities-in-words.ts'
import { assertProcess, currentRelease } from '../../deploy/release.ts'
import { scale } from '../../deploy/scale.ts'
import { UsageError } from '../../errors.ts'
import type { Paas } from '../../paas.ts'
import type { App } from '../../state/apps.ts'
import type { Formation } from '../../state/releases.ts'

const most = 100

export default {
  summary: 'Show or set how many containers of each process type run',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'TYPE=N', audit: 'whole', repeats: true, looks: (word) => /[=+:]|-\d+$/.test(word) }],
  aliases: ['scale'],
  examples: ['scale blog web=3 worker=1', 'scale web+1', 'scale'],
  async run({ paas, app, words, out, job, planned }) {
    const changes = words.map(parseChange)
    if (changes.length > 0)
      planned(() => [quantitiesInWords(paas.store.formations.of(app.id), wanted(paas, app, changes))])
    const formation =
      changes.length === 0
        ? paas.store.formations.of(app.id)
        : await scale(paas, { ...job, change: (today) => changes.reduce(apply, today) })
    out.result(formation, () => {
      if (changes.length > 0) out.step(`${app.name} runs ${plain(formation)}`)
      else for (const [process, quantity] of Object.entries(formation)) out.line(`${process}=${quantity}`)
    })
  },
} satisfies Command

type Change = { readonly process: string; readonly quantity: number; readonly relative: boolean }

function parseChange(word: string): Change {
  const match = /^([A-Za-z0-9_-]{1,30}?)(=|:|\+|-)(\d{1,3})$/.exec(word)
  const [, process, operator, digits] = match ?? []
  const quantity = Number(digits) * (operator === '-' ? -1 : 1)
  if (!process || Math.abs(quantity) > most) {
    throw new UsageError(`"${word.slice(0, 60)}" is not TYPE=N with N from 0 to ${most}`, {
      next: 'For instance: scale web=3',
    })
  }
  return { process, quantity, relative: operator === '+' || operator === '-' }
}

/** Throws `UserError` for a process type that the app does not have. */
function wanted(paas: Paas, app: App, changes: readonly Change[]): Formation {
  const formation = changes.reduce(apply, paas.store.formations.of(app.id))
  if (app.release !== null)
    for (const process of Object.keys(formation)) assertProcess(app, currentRelease(paas, app), process)
  return formation
}

function apply(formation: Formation, change: Change): Formation {
  const today = Object.hasOwn(formation, change.process) ? (formation[change.process] ?? 0) : 0
  const quantity = change.relative ? today + change.quantity : change.quantity
  if (quantity < 0 || quantity > most) {
    throw new UsageError(`${change.process} would be ${quantity}; it can be 0 to ${most}`)
  }
  return { ...formation, [change.process]: quantity }
}

const plain = (formation: Formation): string =>
  Object.entries(formation)
    .map(([process, quantity]) => `${process}=${quantity}`)
    .join(' ')
