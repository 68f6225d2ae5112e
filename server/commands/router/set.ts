import type { Command } from '../../command.ts'
import { propertyOf } from '../../command-line/property.ts'
import { UsageError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'
import { changeRoute } from '../../route-change.ts'
import { routeProperties } from '../../route-properties.ts'
import type { RouteSettings } from '../../state/route-settings.ts'

export default {
  summary:
    'Set body-limit (413), time-limit (504), rate-limit (429), sticky or gzip; without a value the rule holds',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    {
      name: 'PROPERTY',
      audit: 'whole',
      required: true,
      looks: (word) => Object.hasOwn(routeProperties, word),
    },
    { name: 'VALUE', audit: 'whole' },
  ],
  examples: [
    'router:set blog body-limit 10m',
    'router:set blog time-limit 30s',
    'router:set blog rate-limit 20/s',
    'router:set blog sticky on',
    'router:set blog gzip on',
  ],
  async run(call) {
    const { app, words, out } = call
    const { routeSettings } = call.paas.store
    const [name = '', value = ''] = words
    const property = propertyOf('router:set', routeProperties, name)
    const change = property.parse(value)
    if (!change)
      throw new UsageError(`${name} is ${property.wants}`, {
        next: `For instance: router:set ${app.name} ${name} ${property.example}`,
      })
    const before = routeSettings.of(app.id)
    const after = { ...before, ...change }
    call.planned(() => [changeLine(name, property.show(before), property.show(after))])
    await changeRoute(call, () => {
      for (const key of Object.keys(change) as (keyof RouteSettings)[])
        routeSettings.set(app.id, key, after[key])
    })
    out.result({ app: app.name, ...change }, () =>
      out.step(`${name} is ${property.show(after)}; it holds at once`),
    )
  },
} satisfies Command
