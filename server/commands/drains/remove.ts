import type { Command } from '../../command.ts'
import { shownDrain } from '../../drains/drain-address.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: "No longer send an app's log there, nor what still waits; by the drain's name or its URL",
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'DRAIN|URL', required: true }],
  examples: ['drains:remove blog k3x7qmab'],
  async run({ paas, app, user, words, out, planned }) {
    const [word = ''] = words
    const drain = paas.store.drains.of(app.id).find(({ id, url }) => id === word || url === word)
    if (!drain)
      throw new UserError(`${app.name} has no such log drain`, { next: `Its drains: drains ${app.name}` })
    const shown = shownDrain(drain.url)
    planned(() => [`log drain: - ${shown}`])
    paas.store.drains.remove(drain.id)
    paas.drains.stop(drain.id)
    paas.events.record({
      type: 'drain-removed',
      app,
      who: user.name,
      message: `The log of ${app.name} is no longer sent to ${shown}`,
      facts: { drain: drain.id },
    })
    out.result({ app: app.name, removed: drain.id }, () => out.step(`Removed ${shown}`))
  },
} satisfies Command
