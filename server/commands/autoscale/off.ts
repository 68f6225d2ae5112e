import { ruleInWords } from '../../autoscale/rule-in-words.ts'
import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Scale by hand again: a process type, or all without one; what runs goes on',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'TYPE', audit: 'whole' }],
  examples: ['autoscale:off blog', 'autoscale:off blog web'],
  async run({ paas, app, words, user, out, planned }) {
    const [process] = words
    const rules = paas.store.autoscale.of(app.id).filter((rule) => !process || rule.process === process)
    if (process && rules.length === 0)
      throw new UserError(`${process.slice(0, 40)} of ${app.name} does not scale itself`, {
        next: `What does: autoscale ${app.name}`,
      })
    planned(() => rules.map((rule) => `no longer scaled by itself: ${ruleInWords(rule)}`))
    for (const rule of rules) {
      paas.store.autoscale.remove(rule)
      const message = `${app.name} no longer scales itself: ${ruleInWords(rule)}`
      paas.events.record({ type: 'autoscale-ended', app, who: user.name, message })
    }
    out.result({ app: app.name, off: rules.map((rule) => rule.process) }, () =>
      out.step(rules.length === 0 ? `${app.name} does not scale itself` : `${app.name} is scaled by hand`),
    )
  },
} satisfies Command
