import { mayUse } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { exportLine } from '../../config-formats.ts'
import { mergedConfig } from '../../deploy/merged-config.ts'
import { type ConfigVars, environmentIn } from '../../state/config.ts'
import { type ConfigFile, sizeOf } from '../../state/config-file.ts'

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
    const config = configOf(call)
    const shown = Object.entries(config).map(([name, value]): [string, Shown] => [name, show(value, masked)])
    out.result(Object.fromEntries(shown), () => {
      if (flags.has('shell')) {
        for (const [name, value] of Object.entries(environmentIn(config)))
          out.line(exportLine(name, masked && typeof config[name] === 'string' ? dots : value, 'shell'))
        return
      }
      out.heading(`${flags.has('global') ? 'Shared' : call.app.name} config vars`)
      out.table(
        ['Name', 'Value'],
        shown.map(([name, value]) => [`${name}:`, typeof value === 'string' ? value : inWords(value)]),
      )
    })
  },
} satisfies Command

function configOf(call: Call): ConfigVars {
  const { store } = call.paas
  if (call.flags.has('global')) return store.sharedConfig.all()
  return call.flags.has('merged') ? mergedConfig(call.paas, call.app.id) : store.config.of(call.app.id)
}

type Shown = string | { readonly file: string; readonly bytes: number | null }

function show(value: string | ConfigFile, masked: boolean): Shown {
  if (typeof value === 'string') return masked ? dots : value
  return { file: value.path, bytes: masked ? null : sizeOf(value) }
}

const inWords = ({ file, bytes }: Exclude<Shown, string>): string =>
  `file ${file}${bytes === null ? '' : `, ${bytes} bytes`}`

/** What all apps share is shown to admins alone. */
const seesValues = (call: Call): boolean =>
  call.flags.has('global') || mayUse(call.paas.store, call.user, 'develop', call.app)

/** As many for each value: their number would tell its length, as a file's size would. */
const dots = '••••••••'
