import type { Command } from '../../command.ts'
import { differenceInWords, releaseDifference } from '../../deploy/release-difference.ts'
import { UserError } from '../../errors.ts'
import { parseVersion } from '../../version.ts'

const looks = (word: string): boolean => /^v?\d+$/.test(word)

export default {
  summary: 'Show in what two releases differ: commit, image, names of config vars, processes, checks, links',
  right: 'view',
  app: 'required',
  arguments: [
    { name: 'vFROM', required: true, looks },
    { name: 'vTO', looks },
  ],
  examples: ['releases:diff blog v3 v5', 'releases:diff blog v3'],
  async run({ paas, app, words, out }) {
    const [from, to] = [words[0], words[1] ?? String(app.release ?? 0)].map((word = '') => {
      const version = parseVersion(word)
      const release = paas.store.releases.find(app.id, version)
      if (!release)
        throw new UserError(`${app.name} has no release v${version}`, {
          next: `The kept ones: releases ${app.name}`,
        })
      return release
    })
    if (!from || !to) return
    const difference = await releaseDifference(paas, app, { from, to })
    out.result(difference, () => {
      out.heading(`${app.name} v${from.version} -> v${to.version}`)
      const lines = differenceInWords(difference)
      for (const line of lines) out.line(line)
      if (lines.length === 0) out.line(`v${from.version} and v${to.version} are the same`)
    })
  },
} satisfies Command
