import type { Command } from '../command.ts'
import { examine } from '../doctor/examine.ts'
import { exitCode } from '../errors.ts'

export default {
  summary:
    'Say whether all that the server needs holds, and what to type where it does not; exit code 1 then',
  right: 'admin',
  reads: true,
  app: 'none',
  examples: ['doctor', 'doctor --json'],
  async run({ paas, out }) {
    const examined = await examine(paas)
    const holds = examined.every((each) => each.holds)
    out.result({ holds, needs: examined }, () => {
      out.table(
        ['Need', '', 'Seen'],
        examined.map((each) => [each.title, each.holds ? 'holds' : 'FAILS', each.saw]),
      )
      for (const { title, next } of examined) if (next !== undefined) out.line(`${title}: ${next}`)
    })
    return holds ? exitCode.done : exitCode.failed
  },
} satisfies Command
