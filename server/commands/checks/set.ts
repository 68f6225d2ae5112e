import type { Command } from '../../command.ts'
import { propertyOf } from '../../command-line/property.ts'
import { UsageError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'
import type { CheckSettings } from '../../state/check-settings.ts'

export default {
  summary:
    'Set what holds where a check says nothing itself: wait, timeout (s), attempts; and wait-to-retire (s)',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'PROPERTY', audit: 'whole', required: true, looks: (word) => Object.hasOwn(properties, word) },
    { name: 'VALUE', audit: 'whole' },
  ],
  examples: ['checks:set blog wait-to-retire 30', 'checks:set blog attempts 5', 'checks:set blog timeout'],
  async run({ paas, app, words, out, planned }) {
    const [name = '', value] = words
    const property = propertyOf('checks:set', properties, name)
    const number = value === undefined || value === '' ? null : parse(name, value, property)
    const settings = paas.store.checkSettings.of(app.id)
    const stored = number === null ? null : number * property.unit
    const now = settings[property.field]
    planned(() => [changeLine(name, now === null ? null : now / property.unit, number)])
    paas.store.checkSettings.replace(app.id, { ...settings, [property.field]: stored })
    out.result({ app: app.name, [name]: number }, () =>
      out.step(`${name} is ${number ?? `${property.byRule}, by rule`}; it holds at once`),
    )
  },
} satisfies Command

type Property = {
  readonly field: keyof Omit<CheckSettings, 'modes'>
  /** What is stored of 1. */
  readonly unit: number
  readonly from: number
  readonly to: number
  readonly byRule: number
}

const properties: Readonly<Record<string, Property>> = {
  'wait-to-retire': { field: 'waitToRetireMs', unit: 1000, from: 0, to: 3600, byRule: 60 },
  wait: { field: 'waitMs', unit: 1000, from: 1, to: 3600, byRule: 5 },
  timeout: { field: 'timeoutMs', unit: 1000, from: 1, to: 3600, byRule: 5 },
  attempts: { field: 'attempts', unit: 1, from: 1, to: 100, byRule: 3 },
}

function parse(name: string, value: string, { from, to }: Property): number {
  const number = /^\d{1,4}$/.test(value) ? Number(value) : -1
  if (number >= from && number <= to) return number
  throw new UsageError(`${name} is not a whole number from ${from} to ${to}`, {
    next: `Without a value the rule holds again: checks:set ${name}`,
  })
}
