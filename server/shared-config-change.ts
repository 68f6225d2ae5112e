import type { Call } from './command.ts'
import { nameDifference, namesInWords } from './deploy/release-difference.ts'
import { UserError } from './errors.ts'
import { parseConfigVars, type Variables } from './state/config.ts'

/** Runs `change` on the config vars that all apps share, and says when they count. Values are never printed. */
export function changeSharedConfig(
  { paas, user, out, planned }: Call,
  change: (config: Variables) => Variables,
  description: string,
): void {
  const before = paas.store.sharedConfig.all()
  const after = parseConfigVars(change(before))
  if (Object.hasOwn(after, 'PORT'))
    throw new UserError("PORT is each app's own", { next: 'For one app: config:set APP PORT=5000' })
  const difference = nameDifference(before, after)
  planned(() => [namesInWords('shared config', difference), taken])
  paas.store.sharedConfig.replace(after)
  const names = [...difference.added, ...difference.removed, ...difference.changed].sort()
  if (names.length > 0)
    paas.events.record({
      type: 'config-changed',
      who: user.name,
      message: `Shared by all apps: ${names.join(', ')} changed`,
      facts: { names: names.join(' ') },
    })
  out.result({ app: null, keys: Object.keys(after).sort() }, () => {
    out.step(`${description} for all apps`)
    out.detail(taken)
  })
}

const taken =
  'each app takes it with its next release, unless it has its own: ps:restart APP, or ps:restart --all'
