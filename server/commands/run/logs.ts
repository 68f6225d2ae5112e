import type { Command } from '../../command.ts'
import { countOf } from '../../command-line/count.ts'
import { findRun } from '../../deploy/find-run.ts'
import { UserError } from '../../errors.ts'
import { readerFollows } from '../../reader-follows.ts'

export default {
  summary: 'Show what a detached run has printed, with -t as it comes; its exit code comes back with -t',
  right: 'develop',
  reads: true,
  app: 'required',
  arguments: [{ name: 'RUN', required: true, looks: (word) => /^(run\.)?[a-z2-7]{6}$/.test(word) }],
  flags: {
    tail: { short: 't', summary: 'Go on until it ends' },
    num: { short: 'n', value: 'N', summary: 'How many lines; 100 without' },
  },
  examples: ['run:logs blog run.x7k2ma', 'run:logs blog run.x7k2ma -t'],
  async run(call) {
    const { paas, app, words, flags, out, signal } = call
    const { id, container, until } = await findRun(paas, app, words[0] ?? '')
    if (until === null)
      throw new UserError(`Nothing of what ${id} prints is kept: somebody is joined to it`, {
        next: `Without anybody: run:detached ${app.name} COMMAND`,
      })
    const follow = flags.has('tail')
    const lines = paas.engine.containers.logs(container, { follow, tail: countOf(flags, 100), signal })
    const kept = []
    for await (const printed of lines) {
      const line = { ...printed, text: paas.secrets.hide(app.id, printed.text) }
      if (follow || !out.json) out.item(line, () => out.line(line.text))
      else kept.push(line)
      await readerFollows(call)
    }
    if (!follow) out.result(kept, () => {})
    return follow ? await paas.engine.containers.wait(container, { signal }) : undefined
  },
} satisfies Command
