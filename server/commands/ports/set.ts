import type { Command } from '../../command.ts'
import { looksLikePort, parsePort } from '../../command-line/port.ts'
import { changePort } from '../../port-change.ts'

export default {
  summary: 'Set the port that the app listens on; `auto` goes back to the rule',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    {
      name: 'PORT',
      audit: 'whole',
      required: true,
      looks: (word) => word === 'auto' || looksLikePort(word),
    },
  ],
  examples: ['ports:set blog 3000', 'ports:set blog http:80:3000', 'ports:set blog auto'],
  async run(call) {
    const [word = ''] = call.words
    await changePort(call, word === 'auto' ? null : parsePort(word))
  },
} satisfies Command
