import { assertRight } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { freeLinkAlias, linkApps } from '../../deploy/link-apps.ts'
import { linkVariable } from '../../deploy/link-network.ts'
import { NoSuchAppError } from '../../errors.ts'
import { releaseLine } from '../../plan.ts'
import { findVisible } from '../../resolve-app.ts'
import { sayLinkChange } from '../../services/say-link.ts'
import type { App } from '../../state/apps.ts'

export default {
  summary: 'Let an app reach the web processes of another by a name that stays: OTHER_URL in its environment',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'OTHER', audit: 'whole', required: true }],
  flags: {
    as: {
      value: 'ALIAS',
      audit: 'whole',
      summary: 'BACK_END gives BACK_END_URL and back-end.internal; default: by the name of the other',
    },
    'no-restart': { summary: 'Keep it for the next release' },
  },
  examples: ['links:add blog api', 'links:add blog api-v2 --as API'],
  async run(call) {
    const { paas, app, words, flags, out } = call
    const target = targetOf(call, words[0] ?? '')
    const restart = !flags.has('no-restart')
    call.planned(() => [
      `links: + ${freeLinkAlias(paas, app, target, flags.value('as'))} (${target.name})`,
      releaseLine(paas, app, { restart }),
    ])
    const { link, version } = await linkApps(paas, { ...call.job, target, restart, alias: flags.value('as') })
    const [variable, url] = linkVariable(link.alias)
    sayLinkChange(call, `Linked ${app.name} to ${target.name}: ${variable}=${url}`, version)
    if (Object.hasOwn(paas.store.config.of(app.id), variable)) {
      out.trouble(`The app's own config var wins over the link's: ${variable}`)
      out.trouble(`To use the link's: config:unset ${app.name} ${variable}`)
    }
  },
} satisfies Command

/** Whoever lets an app in there must be allowed to change that one as well. */
function targetOf({ paas, user }: Call, name: string): App {
  const target = findVisible(paas.store, user, name)
  if (!target) throw new NoSuchAppError(name)
  assertRight(paas.store, user, 'develop', target)
  return target
}
