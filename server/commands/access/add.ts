import type { Command } from '../../command.ts'
import { UsageError, UserError } from '../../errors.ts'
import { appRoles } from '../../state/people.ts'

export default {
  summary: 'Give a user a role on an app: viewer, developer (the usual) or admin',
  right: 'own',
  plans: true,
  app: 'required',
  arguments: [{ name: 'USER', audit: 'whole', required: true }],
  flags: { role: { short: 'r', value: 'ROLE', audit: 'whole', summary: 'viewer, developer or admin' } },
  examples: ['access:add blog ann', 'access:add blog ann -r viewer'],
  async run({ paas, app, words, flags, out, planned }) {
    const [name = ''] = words
    const typed = flags.value('role') ?? 'developer'
    const role = appRoles.find((each) => each === typed)
    if (!role)
      throw new UsageError(`There is no role "${typed.slice(0, 40)}"`, {
        next: `Roles: ${appRoles.join(', ')}`,
      })
    const user = paas.store.people.userByName(name)
    if (!user)
      throw new UserError(`There is no user "${name.slice(0, 60)}"`, {
        next: 'An admin of the server adds one with a key: keys:add NAME < KEY.pub',
      })
    planned(() => [`${name}: ${paas.store.people.roleOn(app.id, user.id) ?? 'no role'} -> ${role}`])
    paas.store.people.grant(app.id, user.id, role)
    out.result({ app: app.name, user: name, role }, () => out.step(`${name} is ${role} of ${app.name}`))
  },
} satisfies Command
