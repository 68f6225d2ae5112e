import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Take an app from a user',
  right: 'own',
  plans: true,
  app: 'required',
  arguments: [{ name: 'USER', audit: 'whole', required: true }],
  examples: ['access:remove blog ann'],
  async run({ paas, app, words, out, planned }) {
    const [name = ''] = words
    const { people } = paas.store
    const user = people.userByName(name)
    const role = user && people.roleOn(app.id, user.id)
    if (role) planned(() => [`${name}: ${role} -> no role`])
    if (!user || !people.revoke(app.id, user.id))
      throw new UserError(`${name.slice(0, 60)} has no role on ${app.name}`, {
        next: `Who has one: access ${app.name}`,
      })
    out.result({ app: app.name, user: name, role: null }, () =>
      out.step(`${name} has no access to ${app.name} any more`),
    )
  },
} satisfies Command
