import { measureInWords } from '../../autoscale/measure-in-words.ts'
import { measured } from '../../autoscale/measured.ts'
import { ruleInWords } from '../../autoscale/rule-in-words.ts'
import type { Command } from '../../command.ts'

export default {
  summary: 'Show what the server scales by itself, by what, and how that stands now',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['autoscale:report'],
  examples: ['autoscale blog', 'autoscale blog --json'],
  async run({ paas, app, out }) {
    const formation = paas.store.formations.of(app.id)
    const facts = {
      app: app.name,
      rules: await Promise.all(
        paas.store.autoscale.of(app.id).map(async (rule) => ({
          ...rule,
          quantity: formation[rule.process] ?? 0,
          measured: await measured(paas, rule).catch(() => null),
        })),
      ),
    }
    out.result(facts, () => {
      out.heading(`${app.name} scales itself`)
      if (facts.rules.length === 0) out.line(`It does not: autoscale:set ${app.name} web=1..5`)
      else
        out.table(
          ['Rule', 'Now', 'Measured', 'Last step'],
          facts.rules.map((rule) => [
            ruleInWords(rule),
            `${rule.process}=${rule.quantity}`,
            rule.measured === null ? '-' : measureInWords(rule.measure, rule.measured),
            rule.steppedAt === null ? 'never' : `${rule.steppedAt.slice(0, 19)}Z`,
          ]),
        )
    })
  },
} satisfies Command
