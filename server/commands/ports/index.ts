import type { Command } from '../../command.ts'

export default {
  summary: 'Show the port that the app listens on',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['ports:list', 'ports:report'],
  examples: ['ports blog'],
  async run({ paas, app, out }) {
    const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
    const facts = { app: app.name, set: app.port, running: release?.port ?? null }
    out.result(facts, () => {
      out.line(`running  ${facts.running ?? 'not deployed'}`)
      out.line(
        `set      ${facts.set ?? "by rule: config PORT, else the image's lowest exposed port, else 5000"}`,
      )
    })
  },
} satisfies Command
