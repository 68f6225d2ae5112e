import type { Command } from '../../command.ts'
import { NoSuchAppError } from '../../errors.ts'
import { findVisible } from '../../resolve-app.ts'

export default {
  summary: "Set or show the app that this key's commands mean when they name none",
  right: 'anyone',
  keyOnly: true,
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole' }],
  flags: { clear: { summary: 'Mean none again' } },
  examples: ['apps:use blog', 'apps:use', 'apps:use --clear'],
  async run({ paas, user, session, words, flags, out, planned }) {
    const { people, apps } = paas.store
    const { fingerprint } = session.person
    const wanted = words[0] ?? flags.value('app')
    if (wanted !== undefined) {
      const app = findVisible(paas.store, user, wanted)
      if (!app) throw new NoSuchAppError(wanted)
      planned(() => [`this key's app: ${app.name}`])
      people.setDefaultApp(fingerprint, app.id)
    } else if (flags.has('clear')) {
      planned(() => ["this key's app: none"])
      people.setDefaultApp(fingerprint, null)
    }
    const id = people.key(fingerprint)?.defaultApp
    const name = (id && findVisible(paas.store, user, apps.byId(id).name)?.name) || null
    out.result({ app: name }, () => out.line(name ?? 'none; set one: apps:use NAME'))
  },
} satisfies Command
