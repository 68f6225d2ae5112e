import type { Command } from '../../command.ts'
import { parseSize, sizeText } from '../../command-line/size.ts'
import { UsageError } from '../../errors.ts'

/** What HAProxy counts with. */
const largest = 1024 ** 4

export default {
  summary: 'Set body-limit: requests with a larger body are refused (413); without a value there is none',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'PROPERTY', audit: 'whole', required: true, looks: (word) => word === 'body-limit' },
    { name: 'SIZE', audit: 'whole' },
  ],
  examples: ['router:set blog body-limit 10m', 'router:set blog body-limit'],
  async run({ paas, app, words, out, signal, planned }) {
    const [name = '', size = ''] = words
    if (name !== 'body-limit')
      throw new UsageError(`router:set does not know "${name.slice(0, 40)}"`, { next: 'It knows body-limit' })
    const bytes = size === '' ? null : parseSize(size)
    if (bytes === undefined || (bytes !== null && (bytes < 1 || bytes > largest)))
      throw new UsageError('body-limit is a size', {
        next: `For instance: router:set ${app.name} body-limit 10m`,
      })
    planned(() => [`body-limit: ${bytes === null ? 'none' : sizeText(bytes)}`])
    await paas.routes.assertReady(signal)
    paas.store.routeSettings.setBodyLimit(app.id, bytes)
    await paas.routes.publish(app.id)
    out.result({ app: app.name, bodyLimitBytes: bytes }, () =>
      out.step(`body-limit is ${bytes === null ? 'none' : sizeText(bytes)}; it holds at once`),
    )
  },
} satisfies Command
