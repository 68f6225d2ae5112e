import type { Command } from '../../command.ts'
import { parseKeep } from '../../command-line/keep.ts'
import { propertyOf } from '../../command-line/property.ts'
import { parseSize, sizeText } from '../../command-line/size.ts'
import { retentionOf } from '../../deploy/retention-of.ts'
import { trimImagesInBackground } from '../../deploy/trim-images.ts'
import { UsageError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'
import type { Retention } from '../../state/apps.ts'

export default {
  summary: "Set how many images of an app's releases are kept (keep), and how much they may take (budget)",
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'PROPERTY', audit: 'whole', required: true, looks: (word) => Object.hasOwn(properties, word) },
    { name: 'VALUE', audit: 'whole' },
  ],
  examples: ['releases:set blog keep 10', 'releases:set blog budget 2g', 'releases:set blog keep'],
  async run({ paas, app, words, out, planned }) {
    const [name = '', value] = words
    const property = propertyOf('releases:set', properties, name)
    const parsed = value === undefined ? null : property.parse(value)
    if (parsed === undefined)
      throw new UsageError(`"${value?.slice(0, 40)}" is not ${property.wanted}`, {
        next: `For instance: releases:set ${app.name} ${property.example}`,
      })
    const retention = { ...app.retention, [property.field]: parsed }
    planned(() => [changeLine(name, app.retention[property.field], parsed)])
    paas.store.apps.setRetention(app.id, retention)
    trimImagesInBackground(paas, app.id)
    const { keep, budgetBytes } = retentionOf(paas.settings, retention)
    out.result({ app: app.name, keep, budgetBytes }, () =>
      out.step(`${app.name} keeps the newest ${keep} images, within ${sizeText(budgetBytes)}`),
    )
  },
} satisfies Command

type Property = {
  readonly field: keyof Retention
  readonly parse: (word: string) => number | undefined
  readonly wanted: string
  readonly example: string
}

const properties: Readonly<Record<string, Property>> = {
  keep: { field: 'keep', parse: parseKeep, wanted: 'a number from 2 to 100', example: 'keep 10' },
  budget: {
    field: 'budgetBytes',
    parse: parseSize,
    wanted: 'a size, such as 500m or 2g',
    example: 'budget 2g',
  },
}
