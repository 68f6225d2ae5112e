import type { Command } from '../../command.ts'
import { looksLikePort, parsePort } from '../../command-line/port.ts'
import { UserError } from '../../errors.ts'
import { changePort } from '../../port-change.ts'

export default {
  summary: 'Take back the port that was set: the app listens on the one by rule again',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'PORT', audit: 'whole', required: true, looks: looksLikePort }],
  examples: ['ports:remove blog 3000'],
  async run(call) {
    const { app, words } = call
    const port = parsePort(words[0] ?? '')
    if (app.port !== port)
      throw new UserError(`Port ${port} is not set for ${app.name}`, { next: `What is: ports ${app.name}` })
    await changePort(call, null)
  },
} satisfies Command
