import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'

export default {
  summary: 'Remove a key by its fingerprint, or all keys of a user',
  right: 'admin',
  keyOnly: true,
  plans: true,
  app: 'none',
  arguments: [{ name: 'FINGERPRINT|USER', audit: 'whole', required: true }],
  aliases: ['ssh-keys:remove'],
  examples: ['keys:remove SHA256:...', 'keys:remove ann'],
  async run({ paas, user, words, out, session, planned }) {
    const [word = ''] = words
    const { people } = paas.store
    const found = people.keys().filter((key) => key.fingerprint === word || key.userName === word)
    if (found.length === 0)
      throw new UserError(`There is no key ${word.slice(0, 80)}`, { next: 'All keys: keys' })
    const admins = people.keys().filter((key) => people.user(key.userId)?.role === 'admin')
    if (admins.every((key) => found.some((each) => each.fingerprint === key.fingerprint))) {
      throw new UserError("That would remove the last admin's key", {
        next: 'Add another one first: keys:add NAME --admin',
      })
    }
    planned(() => found.map(({ userName, fingerprint }) => `key of ${userName}: - ${fingerprint}`))
    for (const { fingerprint, userName } of found) {
      people.removeKey(fingerprint)
      paas.events.record({
        type: 'key-removed',
        who: user.name,
        message: `${userName} has one key less: ${fingerprint}`,
        facts: { user: userName, fingerprint },
      })
    }
    for (const { fingerprint } of found) paas.jobs.cancelOf(fingerprint)
    out.result(
      found.map(({ fingerprint }) => fingerprint),
      () => {
        for (const { fingerprint } of found) out.step(`Removed ${fingerprint}`)
        for (const userId of new Set(found.map((key) => key.userId))) {
          const left = paas.store.tokens.of(userId)
          if (left.length > 0)
            out.detail(
              `API tokens of ${left[0]?.userName} go on: ${left.map(({ id }) => id).join(', ')}. End one: tokens:revoke ID`,
            )
        }
      },
    )
    const others = found.filter(({ fingerprint }) => fingerprint !== session.person.fingerprint)
    for (const { fingerprint } of others) await paas.endSessionsOf(fingerprint)
  },
} satisfies Command
