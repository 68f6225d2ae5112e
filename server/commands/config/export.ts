import type { Command } from '../../command.ts'
import { type ConfigFormat, configFormats, exportLine } from '../../config-formats.ts'
import { UsageError } from '../../errors.ts'
import { filesIn, textsIn } from '../../state/config.ts'

export default {
  summary: 'Print config vars in a form that other tools read',
  right: 'develop',
  app: 'required',
  reads: true,
  flags: { format: { value: 'FORMAT', summary: 'exports (default), envfile, shell or json' } },
  examples: ['config:export blog', 'config:export blog --format envfile > .env'],
  async run({ paas, app, flags, out }) {
    const format = (flags.value('format') ?? (flags.has('json') ? 'json' : 'exports')) as ConfigFormat
    if (!configFormats.includes(format))
      throw new UsageError(`There is no format "${format}"`, { next: `Formats: ${configFormats.join(', ')}` })
    const all = paas.store.config.of(app.id)
    const config = textsIn(all)
    if (format === 'json' && out.json) out.result(config, () => {})
    else if (format === 'json') out.raw(`${JSON.stringify(config, null, 2)}\n`)
    else {
      const lines = Object.entries(config).map(([name, value]) => exportLine(name, value, format))
      for (const line of lines) out.raw(`${line}\n`)
    }
    for (const name of Object.keys(filesIn(all)))
      out.trouble(`${name} is a file and is not in there: config:get ${app.name} ${name} > FILE`)
  },
} satisfies Command
