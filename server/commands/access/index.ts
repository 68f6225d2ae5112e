import type { Command } from '../../command.ts'

export default {
  summary: 'Show who may do what with an app, admins of the server apart',
  right: 'view',
  app: 'required',
  aliases: ['access:list'],
  examples: ['access blog'],
  async run({ paas, app, out }) {
    const roles = paas.store.people.rolesOn(app.id)
    out.result(roles, () => {
      out.heading(`${app.name} access`)
      out.table(
        ['User', 'Role'],
        roles.map(({ user, role }) => [user, role]),
      )
    })
  },
} satisfies Command
