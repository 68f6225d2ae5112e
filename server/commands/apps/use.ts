import { maySee } from '../../access.ts'
import type { Command } from '../../command.ts'
import { NoSuchAppError } from '../../errors.ts'

export default {
  summary: "Set or show the app that this key's commands mean when they name none",
  right: 'anyone',
  app: 'none',
  arguments: [{ name: 'NAME' }],
  examples: ['apps:use blog', 'apps:use'],
  async run({ paas, user, session, words, out }) {
    const { fingerprint } = session.person
    if (words[0] !== undefined) {
      const app = paas.store.apps.find(words[0])
      if (!app || !maySee(paas.store, user, app)) throw new NoSuchAppError(words[0])
      paas.store.people.setDefaultApp(fingerprint, app.id)
    }
    const id = paas.store.people.key(fingerprint)?.defaultApp
    const name = id ? paas.store.apps.byId(id).name : null
    out.result({ app: name }, () => out.line(name ?? 'none; set one: apps:use NAME'))
  },
} satisfies Command
