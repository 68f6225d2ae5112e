import type { Command } from '../../command.ts'
import { exportLine } from '../../config-formats.ts'

export default {
  summary: "Show an app's config vars",
  right: 'develop',
  reads: true,
  app: 'required',
  flags: { shell: { short: 's', summary: 'As KEY=value lines that a shell reads' } },
  aliases: ['config:show'],
  examples: ['config blog', 'config blog --json', 'config -s'],
  async run({ paas, app, out, flags }) {
    const config = paas.store.config.of(app.id)
    out.result(config, () => {
      if (flags.has('shell')) {
        for (const [name, value] of Object.entries(config)) out.line(exportLine(name, value, 'shell'))
        return
      }
      out.heading(`${app.name} config vars`)
      out.table(
        ['Name', 'Value'],
        Object.entries(config).map(([name, value]) => [`${name}:`, value]),
      )
    })
  },
} satisfies Command
