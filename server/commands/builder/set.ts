import { loadBuildpacks } from '../../build/buildpacks.ts'
import type { Command } from '../../command.ts'
import { propertyOf } from '../../command-line/property.ts'
import { UserError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'
import type { Builder } from '../../state/apps.ts'

export default {
  summary: 'Set which folder is built (build-dir), which Dockerfile, or which buildpack (selected)',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'PROPERTY', audit: 'whole', required: true, looks: (word) => Object.hasOwn(properties, word) },
    { name: 'VALUE', audit: 'whole' },
  ],
  aliases: ['builder-dockerfile:set'],
  examples: [
    'builder:set shop build-dir apps/web',
    'builder:set shop dockerfile-path docker/web.Dockerfile',
    'builder:set shop selected node',
    'builder:set shop build-dir',
  ],
  async run({ paas, app, words, out, planned }) {
    const [name = '', value] = words
    const property = propertyOf('builder:set', properties, name)
    const parsed = value === undefined || value === '' ? null : await property.parse(value)
    const builder = { ...app.builder, [property.field]: parsed }
    planned(() => [changeLine(name, app.builder[property.field], parsed)])
    paas.store.apps.setBuilder(app.id, builder)
    out.result({ app: app.name, ...builder }, () =>
      out.step(`${name} is ${parsed ?? 'by rule'} from the next push on; now: ps:rebuild ${app.name}`),
    )
  },
} satisfies Command

type Property = {
  readonly field: keyof Builder
  readonly parse: (value: string) => string | Promise<string>
}

const properties: Readonly<Record<string, Property>> = {
  'build-dir': { field: 'buildDir', parse: (value) => relativePath(value, 'apps/web') },
  'dockerfile-path': { field: 'dockerfilePath', parse: (value) => relativePath(value, 'docker/Dockerfile') },
  selected: { field: 'selected', parse: builderName },
}

function relativePath(value: string, example: string): string {
  const path = value.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
  const parts = path.split('/')
  const isPath = !/[\0-\x1f\x7f]/.test(path) && parts.every((part) => !['', '.', '..'].includes(part))
  if (isPath && value.length <= 1000) return path
  throw new UserError(`"${value.slice(0, 80)}" is not a path within the repository`, {
    next: `For instance: ${example}`,
  })
}

async function builderName(value: string): Promise<string> {
  const names = ['dockerfile', ...(await loadBuildpacks()).keys()]
  if (names.includes(value)) return value
  throw new UserError(`There is no builder "${value.slice(0, 40)}"`, {
    next: `There are ${names.join(', ')}`,
  })
}
