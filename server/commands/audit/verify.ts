import type { Command } from '../../command.ts'
import { exitCode } from '../../errors.ts'

export default {
  summary: 'Prove that no line of events and audit was changed, removed or put in; exit code 1 where one was',
  right: 'admin',
  app: 'none',
  reads: true,
  examples: ['audit:verify', 'audit:verify --json'],
  async run({ paas, out }) {
    const { lines, from, last, broken } = paas.events.verify()
    out.result({ whole: broken === undefined, lines, from, last, broken: broken ?? null }, () => {
      if (broken) out.trouble(`events/${broken.file}, line ${broken.line}: ${broken.why}`)
      else {
        out.step(`${lines} lines, from number ${from} on, follow one another`)
        out.detail(`The last, ${last.sequence}: ${last.hash}`)
      }
    })
    return broken ? exitCode.failed : exitCode.done
  },
} satisfies Command
