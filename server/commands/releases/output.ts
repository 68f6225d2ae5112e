import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'
import { printKept } from '../../outputs/print-kept.ts'
import { parseVersion } from '../../version.ts'

export default {
  summary: 'Show what the deploy printed that made a release; without one the release that serves',
  right: 'view',
  app: 'required',
  arguments: [{ name: 'vN', looks: (word) => /^v?\d+$/.test(word) }],
  examples: ['releases:output blog', 'releases:output blog v12'],
  async run({ paas, app, words, out }) {
    const version = words[0] === undefined ? app.release : parseVersion(words[0])
    const deploy = version === null ? undefined : paas.store.journal.thatReleased(app.id, version)
    if (!deploy)
      throw new UserError(`${app.name} has no such release`, { next: `The kept ones: releases ${app.name}` })
    printKept(paas, deploy, out)
  },
} satisfies Command
