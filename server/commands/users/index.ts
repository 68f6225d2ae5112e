import type { Command } from '../../command.ts'

export default {
  summary: 'List who may come in: role, number of keys, and roles on apps',
  right: 'admin',
  app: 'none',
  reads: true,
  aliases: ['users:list'],
  examples: ['users', 'users --json'],
  async run({ paas, out }) {
    const { people } = paas.store
    const keys = people.keys()
    const users = people.users().map(({ id, name, role }) => ({
      user: name,
      role,
      keys: keys.filter((key) => key.userId === id).length,
      apps: Object.fromEntries(people.rolesOf(id).map(({ app, role: onApp }) => [app, onApp])),
    }))
    out.result(users, () => {
      out.heading('Users')
      out.table(
        ['User', 'Role', 'Keys', 'Apps'],
        users.map(({ user, role, keys: count, apps }) => [
          user,
          role,
          String(count),
          Object.entries(apps)
            .map(([app, onApp]) => `${app}=${onApp}`)
            .join(' '),
        ]),
      )
    })
  },
} satisfies Command
