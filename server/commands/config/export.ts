import type { Command } from '../../command.ts'
import { type ConfigFormat, configFormats, exportLine } from '../../config-formats.ts'
import { UsageError } from '../../errors.ts'

export default {
  summary: 'Print config vars in a form that other tools read',
  right: 'develop',
  reads: true,
  app: 'required',
  flags: { format: { value: 'FORMAT', summary: 'exports (default), envfile, shell or json' } },
  examples: ['config:export blog', 'config:export blog --format envfile > .env'],
  async run({ paas, app, flags, out }) {
    const format = (flags.value('format') ?? (flags.has('json') ? 'json' : 'exports')) as ConfigFormat
    if (!configFormats.includes(format))
      throw new UsageError(`There is no format "${format}"`, { next: `Formats: ${configFormats.join(', ')}` })
    const config = paas.store.config.of(app.id)
    if (format === 'json') out.raw(`${JSON.stringify(config, null, 2)}\n`)
    else {
      const lines = Object.entries(config).map(([name, value]) => exportLine(name, value, format))
      for (const line of lines) out.raw(`${line}\n`)
    }
  },
} satisfies Command
