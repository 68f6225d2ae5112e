import type { Command } from '../../command.ts'
import type { Paas } from '../../paas.ts'
import { hasEnded, type Token } from '../../state/tokens.ts'

export default {
  summary: 'List API tokens: all for an admin, else your own; what each may do, its end, its last use',
  right: 'anyone',
  keyOnly: true,
  app: 'none',
  reads: true,
  aliases: ['tokens:list'],
  examples: ['tokens', 'tokens --json'],
  async run({ paas, user, out }) {
    const { tokens } = paas.store
    const facts = (user.role === 'admin' ? tokens.all() : tokens.of(user.id)).map((token) =>
      factsOf(paas, token),
    )
    out.result(facts, () => {
      out.heading('API tokens')
      out.table(
        ['Token', 'User', 'Name', 'Role', 'Apps', 'Ends', 'Last use'],
        facts.map((token) => [
          token.id,
          token.user,
          token.name,
          token.role,
          token.apps === 'every' ? 'every app' : token.apps.join(' ') || 'none is left',
          token.ended ? 'has ended' : (token.expires?.slice(0, 10) ?? 'never'),
          token.used === null ? 'not used yet' : `${token.used.slice(0, 16)}Z`,
        ]),
      )
    })
  },
} satisfies Command

/** A token as lists and JSON show it; nothing of its secret. */
function factsOf({ store }: Paas, token: Token) {
  const { id, userName, name, role, apps, createdAt, expiresAt, usedAt } = token
  return {
    id,
    user: userName,
    name,
    role,
    apps: apps === 'every' ? ('every' as const) : [...apps].map((each) => store.apps.byId(each).name).sort(),
    created: createdAt,
    expires: expiresAt,
    ended: hasEnded(token),
    used: usedAt,
  }
}
