import type { Call, Command } from '../../command.ts'
import { endToken } from '../../end-token.ts'
import { UserError } from '../../errors.ts'
import { idOfSecret, type Token } from '../../state/tokens.ts'

export default {
  summary: 'End an API token and what it runs: your own by id or name, as an admin any by id',
  right: 'anyone',
  keyOnly: true,
  plans: true,
  app: 'none',
  arguments: [{ name: 'TOKEN', audit: 'whole', required: true }],
  aliases: ['tokens:remove'],
  examples: ['tokens:revoke ci', 'tokens:revoke 7k2mxq81ab'],
  async run(call) {
    const { paas, user, words, out, planned } = call
    const token = tokenOf(call, words[0] ?? '')
    const { id, name, userName } = token
    planned(() => [`token of ${userName}: - ${name} (${id})`])
    await endToken(paas, token, user.name)
    out.result({ id, name, user: userName }, () => out.step(`Revoked ${name} (${id})`))
  },
} satisfies Command

/** Another's does not exist for who is no admin. */
function tokenOf({ paas, user }: Call, word: string): Token {
  const { tokens } = paas.store
  // Who has found one somewhere has the whole of it at hand.
  const id = idOfSecret(word) ?? word
  const found =
    (user.role === 'admin' ? tokens.all() : tokens.of(user.id)).find((token) => token.id === id) ??
    tokens.of(user.id).find((token) => token.name === word)
  if (found) return found
  throw new UserError(`There is no token ${id.slice(0, 60)}`, { next: 'All of them: tokens' })
}
