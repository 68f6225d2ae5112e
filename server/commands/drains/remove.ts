import type { Command } from '../../command.ts'
import { shownDrain } from '../../drains/drain-address.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: "No longer send an app's log there, nor what still waits; by the drain's name or its URL",
  right: 'develop',
  plans: true,
  app: 'required',
  shared: true,
  arguments: [{ name: 'DRAIN|URL', required: true }],
  examples: ['drains:remove blog k3x7qmab', 'drains:remove --global k3x7qmab'],
  async run({ paas, appIfAny: app, user, words, out, planned }) {
    const [word = ''] = words
    const drain = paas.store.drains.of(app?.id ?? null).find(({ id, url }) => id === word || url === word)
    if (!drain)
      throw new UserError(`${app?.name ?? 'Every app'} has no such log drain`, {
        next: `To see them: drains ${app?.name ?? '--global'}`,
      })
    const shown = shownDrain(drain.url)
    planned(() => [`log drain: - ${shown}`])
    paas.store.drains.remove(drain.id)
    paas.drains.stop(drain.id)
    paas.events.record({
      type: 'drain-removed',
      ...(app ? { app } : {}),
      who: user.name,
      message: `The log of ${app?.name ?? 'every app'} is no longer sent to ${shown}`,
      facts: { drain: drain.id },
    })
    out.result({ app: app?.name ?? null, removed: drain.id }, () => out.step(`Removed ${shown}`))
  },
} satisfies Command
