import type { Command } from '../../command.ts'
import { NoSuchAppError } from '../../errors.ts'
import { findVisible } from '../../resolve-app.ts'

export default {
  summary: 'Tell by the exit code whether an app exists: 0 or 20',
  right: 'anyone',
  reads: true,
  app: 'none',
  arguments: [{ name: 'NAME', required: true }],
  examples: ['apps:exists blog'],
  async run({ paas, user, words, out }) {
    const app = findVisible(paas.store, user, words[0])
    if (!app) throw new NoSuchAppError(words[0] ?? '')
    out.result({ name: app.name, exists: true }, () => out.step(`${app.name} exists`))
  },
} satisfies Command
