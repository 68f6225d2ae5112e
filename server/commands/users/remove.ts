import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Remove a user with all keys, API tokens and roles; apps and databases stay',
  right: 'admin',
  keyOnly: true,
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
    const tokens = paas.store.tokens.of(gone.id)
    planned(() => [
      `user: - ${name}`,
      ...keys.map(({ fingerprint }) => `key of ${name}: - ${fingerprint}`),
      ...tokens.map((token) => `token of ${name}: - ${token.name} (${token.id})`),
      ...people.rolesOf(gone.id).map(({ app, role }) => `${app}: ${name} is ${role} no more`),
    ])
    people.removeUser(gone.id)
    paas.events.record({
      type: 'user-removed',
      who: user.name,
      message: `${name} may not come in any more`,
      facts: { user: name, keys: keys.length, tokens: tokens.length },
    })
    const opened = [...keys, ...tokens]
    for (const { fingerprint } of opened) paas.jobs.cancelOf(fingerprint)
    out.result({ user: name, keys: keys.length, tokens: tokens.length }, () =>
      out.step(
        `Removed ${name} and ${keys.length} keys${tokens.length > 0 ? `, ${tokens.length} API tokens` : ''}`,
      ),
    )
    for (const { fingerprint } of opened) await paas.endSessionsOf(fingerprint)
  },
} satisfies Command
