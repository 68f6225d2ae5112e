import { mayUse } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { exportLine } from '../../config-formats.ts'
import { mergedConfig } from '../../deploy/merged-config.ts'
import type { ConfigVars } from '../../state/config.ts'

export default {
  summary: "Show an app's config vars, to viewers without values",
  right: 'view',
  app: 'required',
  shared: true,
  reads: true,
  flags: {
    shell: { short: 's', summary: 'As KEY=value lines that a shell reads' },
    merged: { summary: 'With what all apps share, as the next release gets it' },
    masked: { summary: 'Dots in place of the values, as a viewer sees them' },
  },
  aliases: ['config:show'],
  examples: ['config blog', 'config blog --json', 'config -s', 'config blog --merged', 'config --masked'],
  async run(call) {
    const { out, flags } = call
    const masked = flags.has('masked') || !seesValues(call)
    const config = Object.fromEntries(
      Object.entries(configOf(call)).map(([name, value]) => [name, masked ? dots : value]),
    )
    out.result(config, () => {
      if (flags.has('shell')) {
        for (const [name, value] of Object.entries(config)) out.line(exportLine(name, value, 'shell'))
        return
      }
      out.heading(`${flags.has('global') ? 'Shared' : call.app.name} config vars`)
      out.table(
        ['Name', 'Value'],
        Object.entries(config).map(([name, value]) => [`${name}:`, value]),
      )
    })
  },
} satisfies Command

function configOf(call: Call): ConfigVars {
  const { store } = call.paas
  if (call.flags.has('global')) return store.sharedConfig.all()
  return call.flags.has('merged') ? mergedConfig(call.paas, call.app.id) : store.config.of(call.app.id)
}

/** What all apps share is shown to admins alone. */
const seesValues = (call: Call): boolean =>
  call.flags.has('global') || mayUse(call.paas.store, call.user, 'develop', call.app)

/** As many for each value: their number would tell its length. */
const dots = '••••••••'
