import type { Call } from '../command.ts'
import { assertProcess, currentRelease } from '../deploy/release.ts'
import type { CheckMode } from '../state/check-settings.ts'

/** Sets the mode of the process types that `call` names, or of all; holds at once. Throws `UserError` for an unknown type. */
export function setCheckMode({ paas, app, words, out, planned }: Call, mode: CheckMode): void {
  const types = [...new Set(words.flatMap((word) => word.split(',')).filter(Boolean))]
  const isAll = types.length === 0 || types.includes('_all_')
  if (!isAll && app.release !== null) {
    const release = currentRelease(paas, app)
    for (const type of types) assertProcess(app, release, type)
  }
  const settings = paas.store.checkSettings.of(app.id)
  const named = Object.fromEntries(types.map((type) => [type, mode]))
  const modes = isAll ? { '*': mode } : { ...settings.modes, ...named }
  planned(() => [`checks of ${isAll ? 'all process types' : types.join(', ')}: ${mode}${consequence[mode]}`])
  paas.store.checkSettings.replace(app.id, { ...settings, modes })
  const what = isAll ? 'all process types' : types.join(', ')
  out.result({ app: app.name, types: isAll ? ['*'] : types, mode }, () =>
    out.step(`Checks of ${what} are ${mode}${consequence[mode]}`),
  )
}

const consequence: Readonly<Record<CheckMode, string>> = {
  enabled: '',
  skipped: ': a deploy does not wait for them; afterwards they go on',
  disabled: ': neither a deploy nor a restart depends on them',
}
