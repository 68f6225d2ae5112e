import type { Command } from '../../command.ts'
import { readInput } from '../../configuration.ts'
import { UserError } from '../../errors.ts'
import { parsePublicKey } from '../../ssh/public-key.ts'

export default {
  summary: 'Give a user a public key from stdin; a new name becomes a new user',
  right: 'admin',
  keyOnly: true,
  plans: true,
  app: 'none',
  arguments: [{ name: 'USER', audit: 'whole', required: true }],
  flags: { admin: { summary: 'A new user may administer the server' } },
  aliases: ['ssh-keys:add'],
  examples: ['keys:add ann < ann.pub', 'keys:add ann --admin < ann.pub'],
  async run(call) {
    const { paas, words, flags, out } = call
    const [name = ''] = words
    const publicLine = (await readInput(call)).trim()
    const { fingerprint } = parsePublicKey(publicLine)
    const { people } = paas.store
    const owner = people.key(fingerprint)
    if (owner)
      throw new UserError(`This key is there already: it belongs to ${owner.userName}`, {
        next: 'All keys: keys',
      })
    const isNew = people.userByName(name) === undefined
    const role = flags.has('admin') ? 'an admin' : 'a member'
    call.planned(() => [isNew ? `user: + ${name}, ${role}` : undefined, `key of ${name}: + ${fingerprint}`])
    paas.store.transaction(() => {
      const user = people.userByName(name) ?? people.createUser(name, flags.has('admin') ? 'admin' : 'member')
      people.addKey({ fingerprint, userId: user.id, publicLine })
    })
    paas.events.record({
      type: 'key-added',
      who: call.user.name,
      message: `${name} has one more key: ${fingerprint}`,
      facts: { user: name, fingerprint },
    })
    out.result({ user: name, fingerprint }, () => out.line(fingerprint))
  },
} satisfies Command
