import { decide } from '../../autoscale/decide.ts'
import { measured } from '../../autoscale/measured.ts'
import { ruleInWords } from '../../autoscale/rule-in-words.ts'
import { largestThreshold, mostContainers } from '../../autoscale/rule-limits.ts'
import type { Call, Command } from '../../command.ts'
import { assertProcess, currentRelease } from '../../deploy/release.ts'
import { UsageError } from '../../errors.ts'
import type { AutoscaleRule, Measure } from '../../state/autoscale.ts'

export default {
  summary: 'Let the server scale a process type by itself, by its load',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'TYPE=LEAST..MOST', audit: 'whole', required: true, looks: (word) => /[=:]\d+\.\./.test(word) },
  ],
  flags: {
    queue: {
      value: 'N',
      audit: 'whole',
      summary: 'More containers above N requests in flight for each; 10 without any of the three',
    },
    p95: { value: 'MS', audit: 'whole', summary: 'More where 95 of 100 answers take longer than MS' },
    cpu: { value: 'PERCENT', audit: 'whole', summary: 'More where each uses more of its CPU limit' },
  },
  examples: [
    'autoscale:set blog web=1..5',
    'autoscale:set blog web=2..8 --p95 300',
    'autoscale:set worker=1..4 --cpu 70',
  ],
  async run(call) {
    const { paas, app, out, user, planned } = call
    const rule = ruleOf(call)
    if (app.release !== null) assertProcess(app, currentRelease(paas, app), rule.process)
    const before = paas.store.autoscale.of(app.id).find(({ process }) => process === rule.process)
    const now = await stepNow(call, rule)
    planned(() => [
      `scaled by itself: ${before ? `${ruleInWords(before)} -> ` : ''}${ruleInWords(rule)}`,
      now,
    ])
    paas.store.autoscale.set({ ...rule, steppedAt: before?.steppedAt ?? null })
    const message = `${app.name} scales itself: ${ruleInWords(rule)}`
    paas.events.record({ type: 'autoscale-set', app, who: user.name, message })
    out.result({ app: app.name, ...shown(rule) }, () => {
      out.step(message)
      if (now !== undefined) out.detail(now)
    })
  },
} satisfies Command

/** What the rule would do at this moment; undefined: nothing, or nobody knows. */
async function stepNow({ paas, app }: Call, rule: AutoscaleRule): Promise<string | undefined> {
  const quantity = paas.store.formations.of(app.id)[rule.process] ?? 0
  const value = await measured(paas, rule).catch(() => null)
  const step = app.release === null ? undefined : decide(rule, quantity, value, new Date())
  return step && `now ${rule.process}=${quantity} -> ${rule.process}=${step.quantity}: ${step.reason}`
}

const shown = ({ process, least, most, measure, threshold }: AutoscaleRule) => ({
  process,
  least,
  most,
  measure,
  threshold,
})

function ruleOf({ app, words, flags }: Call): AutoscaleRule {
  const [word = ''] = words
  const [, process, from, to] = /^([A-Za-z0-9_-]{1,30})[=:](\d{1,3})\.\.(\d{1,3})$/.exec(word) ?? []
  const least = Number(from)
  const most = Number(to)
  if (process === undefined || !(least >= 1 && least <= most && most <= mostContainers))
    throw new UsageError(
      `"${word.slice(0, 60)}" is not TYPE=LEAST..MOST with numbers from 1 to ${mostContainers}`,
      {
        next: 'For instance: autoscale:set web=1..5',
      },
    )
  const given = (Object.keys(largestThreshold) as Measure[]).filter((each) => flags.has(each))
  if (given.length > 1)
    throw new UsageError(`--${given[0]} and --${given[1]} exclude each other`, { next: 'Keep one' })
  const measure = given[0] ?? 'queue'
  if (process !== 'web' && measure !== 'cpu')
    throw new UsageError(`Requests reach web alone: ${process} can be scaled by --cpu`, {
      next: `For instance: autoscale:set ${word} --cpu 70`,
    })
  return {
    appId: app.id,
    process,
    least,
    most,
    measure,
    threshold: given.length === 0 ? defaultQueue : threshold(measure, flags.value(measure)),
    steppedAt: null,
  }
}

const defaultQueue = 10

function threshold(measure: Measure, text = ''): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= largestThreshold[measure]) return number
  throw new UsageError(`--${measure} is not a whole number from 1 to ${largestThreshold[measure]}`, {
    next: 'For instance: autoscale:set web=1..5 --queue 10',
  })
}
