import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Remove a user with all keys and roles; apps and databases stay',
  right: 'admin',
  plans: true,
  app: 'none',
  arguments: [{ name: 'USER', audit: 'whole', required: true }],
  examples: ['users:remove ann --plan', 'users:remove ann'],
  async run({ paas, user, words, out, planned }) {
    const [name = ''] = words
    const { people } = paas.store
    const gone = people.userByName(name)
    if (!gone) throw new UserError(`There is no user "${name.slice(0, 60)}"`, { next: 'All users: users' })
    if (gone.id === user.id)
      throw new UserError('You cannot remove yourself', { next: 'Another admin can: users' })
    const keys = people.keys().filter((key) => key.userId === gone.id)
    planned(() => [
      `user: - ${name}`,
      ...keys.map(({ fingerprint }) => `key of ${name}: - ${fingerprint}`),
      ...people.rolesOf(gone.id).map(({ app, role }) => `${app}: ${name} is ${role} no more`),
    ])
    people.removeUser(gone.id)
    paas.events.record({
      type: 'user-removed',
      who: user.name,
      message: `${name} may not come in any more`,
      facts: { user: name, keys: keys.length },
    })
    for (const { fingerprint } of keys) paas.jobs.cancelOf(fingerprint)
    out.result({ user: name, keys: keys.length }, () => out.step(`Removed ${name} and ${keys.length} keys`))
    for (const { fingerprint } of keys) await paas.endSessionsOf(fingerprint)
  },
} satisfies Command
