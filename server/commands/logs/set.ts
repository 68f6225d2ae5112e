import type { Command } from '../../command.ts'
import { logSizes, parseLogSize } from '../../command-line/log-size.ts'
import { sizeText } from '../../command-line/size.ts'
import { UsageError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'

export default {
  summary: "Set how much of an app's log is kept; without a value as the server's settings say",
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'PROPERTY', audit: 'whole', required: true, looks: (word) => word === 'size' },
    { name: 'VALUE', audit: 'whole' },
  ],
  examples: ['logs:set blog size 100m', 'logs:set blog size'],
  async run({ paas, app, words, out, planned }) {
    const [name = '', value] = words
    const example = `For instance: logs:set ${app.name} size 100m`
    if (name !== 'size')
      throw new UsageError(`logs:set knows no property "${name.slice(0, 40)}"`, { next: example })
    const bytes = value === undefined ? null : parseLogSize(value)
    if (bytes === undefined)
      throw new UsageError(`"${value?.slice(0, 40)}" is not ${logSizes}`, { next: example })
    planned(() => [changeLine(name, app.logBytes, bytes)])
    paas.store.apps.setLogBytes(app.id, bytes)
    const kept = bytes ?? paas.settings.logBytes
    out.result({ app: app.name, sizeBytes: kept }, () =>
      out.step(`${app.name} keeps the newest ${sizeText(kept)} of its log`),
    )
  },
} satisfies Command
