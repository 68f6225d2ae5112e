import { join } from 'node:path'
import type { Command } from '../../command.ts'

export default {
  summary: 'Seal every secret anew, with a new master key, while the server runs',
  right: 'admin',
  keyOnly: true,
  plans: true,
  app: 'none',
  examples: ['keys:rotate-master --plan', 'keys:rotate-master'],
  async run({ paas, user, out, planned }) {
    const path = join(paas.settings.home, 'master.key')
    planned(() => [`master key: a new one in ${path}; every secret is sealed anew`])
    const values = paas.store.masterKey.rotate()
    paas.events.record({
      type: 'master-key-rotated',
      who: user.name,
      message: `The master key is a new one; ${values} values were sealed anew`,
      facts: { values },
    })
    out.result({ values, path }, () => {
      out.step(`${values} values were sealed anew`)
      out.detail(`Keep a copy of ${path} with your backups; older backups need the older key`)
    })
  },
} satisfies Command
