import { mayUse } from '../../access.ts'
import type { Command } from '../../command.ts'
import { exportLine } from '../../config-formats.ts'

export default {
  summary: "Show an app's config vars, to viewers without values",
  right: 'view',
  app: 'required',
  reads: true,
  flags: {
    shell: { short: 's', summary: 'As KEY=value lines that a shell reads' },
    masked: { summary: 'Dots in place of the values, as a viewer sees them' },
  },
  aliases: ['config:show'],
  examples: ['config blog', 'config blog --json', 'config -s', 'config --masked'],
  async run({ paas, user, app, out, flags }) {
    const masked = flags.has('masked') || !mayUse(paas.store, user, 'develop', app)
    const config = Object.fromEntries(
      Object.entries(paas.store.config.of(app.id)).map(([name, value]) => [name, masked ? dots : value]),
    )
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

/** As many for each value: their number would tell its length. */
const dots = '••••••••'
