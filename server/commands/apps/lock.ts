import type { Command } from '../../command.ts'

const longest = 200

export default {
  summary: 'Keep pushes, rebuilds and rollbacks off an app, until apps:unlock; what runs goes on',
  right: 'develop',
  plans: true,
  app: 'required',
  verbatim: true,
  arguments: [{ name: 'REASON', repeats: true }],
  examples: ['apps:lock blog', 'apps:lock blog the database moves'],
  async run({ paas, app, words, user, out, planned }) {
    const reason = words.join(' ').slice(0, longest) || null
    planned(() => [`deploys: kept off ${app.name}${reason === null ? '' : `, because: ${reason}`}`])
    paas.store.appLocks.set(app.id, { who: user.name, since: new Date().toISOString(), reason })
    out.result({ app: app.name, locked: true, reason }, () =>
      out.step(`${app.name} is locked; again: apps:unlock ${app.name}`),
    )
  },
} satisfies Command
