import type { Command } from '../../command.ts'
import { looksLikePort, parsePort } from '../../command-line/port.ts'
import { UserError } from '../../errors.ts'
import { changePort } from '../../port-change.ts'

export default {
  summary: 'Set the port that the app listens on, where none is set yet',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'PORT', audit: 'whole', required: true, looks: looksLikePort }],
  examples: ['ports:add blog 3000', 'ports:add blog http:80:3000'],
  async run(call) {
    const { app, words } = call
    const port = parsePort(words[0] ?? '')
    if (app.port !== null && app.port !== port)
      throw new UserError(`${app.name} listens on ${app.port}, and an app listens on one port`, {
        next: `In its place: ports:set ${app.name} ${port}`,
      })
    await changePort(call, port)
  },
} satisfies Command
