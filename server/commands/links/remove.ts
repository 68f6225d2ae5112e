import { maySee } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { readyAppLinks, unlinkApps } from '../../deploy/link-apps.ts'
import { UserError } from '../../errors.ts'
import { releaseLine } from '../../plan.ts'
import { sayLinkChange } from '../../services/say-link.ts'
import type { AppLink } from '../../state/app-links.ts'

export default {
  summary: 'Take from an app the way to another, by its name or alias',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'OTHER', audit: 'whole', required: true }],
  flags: { 'no-restart': { summary: 'Keep it for the next release' } },
  examples: ['links:remove blog api'],
  async run(call) {
    const { paas, app, words, flags } = call
    const link = linkNamed(call, words[0] ?? '')
    const restart = !flags.has('no-restart')
    call.planned(() => [`links: - ${link.alias} (${words[0]})`, releaseLine(paas, app, { restart })])
    const version = await unlinkApps(paas, { ...call.job, link, name: words[0] ?? '', restart })
    sayLinkChange(call, `Unlinked ${app.name} from ${words[0]}`, version)
  },
} satisfies Command

/** The alias also serves whoever may not see the other app any more. */
function linkNamed({ paas, user, app }: Call, word: string): AppLink {
  const found = readyAppLinks(paas, app).find(({ alias, targetId }) => {
    const target = paas.store.apps.byId(targetId)
    return alias === word || (target.name === word && maySee(paas.store, user, target))
  })
  if (found) return found
  throw new UserError(`${app.name} has no link to "${word.slice(0, 60)}"`, {
    next: `See its links: links ${app.name}`,
  })
}
