import type { Command } from '../../command.ts'
import { endToken } from '../../end-token.ts'
import { UserError } from '../../errors.ts'
import type { Paas } from '../../paas.ts'
import type { Key } from '../../state/people.ts'
import type { Token } from '../../state/tokens.ts'

export default {
  summary: 'Remove a key by its fingerprint, or all keys of a user; with the last one go their API tokens',
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
    const { ending, goingOn } = tokensOf(paas, people.keys(), found)
    planned(() => [
      ...found.map(({ userName, fingerprint }) => `key of ${userName}: - ${fingerprint}`),
      ...ending.map(({ userName, name, id }) => `token of ${userName}: - ${name} (${id})`),
    ])
    for (const token of ending) await endToken(paas, token, user.name)
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
        for (const { userName, name, id } of ending)
          out.detail(`Ended the API token ${name} (${id}): ${userName} has no key any more`)
        for (const { name, id } of goingOn)
          out.detail(`The API token ${name}, made with it, goes on. End it: tokens:revoke ${id}`)
      },
    )
    const others = found.filter(({ fingerprint }) => fingerprint !== session.person.fingerprint)
    for (const { fingerprint } of others) await paas.endSessionsOf(fingerprint)
  },
} satisfies Command

/**
 * API tokens of whom no key is left end. Of the others, those made with a removed key go on: what deploys from CI must
 * not stop because somebody has a new laptop; whoever fears for the key is told what it has made.
 */
function tokensOf(
  paas: Paas,
  all: readonly Key[],
  removed: readonly Key[],
): { readonly ending: readonly Token[]; readonly goingOn: readonly Token[] } {
  const gone = new Set(removed.map(({ fingerprint }) => fingerprint))
  const owners = [...new Set(removed.map(({ userId }) => userId))]
  const keyless = new Set(
    owners.filter((id) => all.every((key) => key.userId !== id || gone.has(key.fingerprint))),
  )
  const tokens = owners.flatMap((id) => paas.store.tokens.of(id))
  return {
    ending: tokens.filter(({ userId }) => keyless.has(userId)),
    goingOn: tokens.filter(
      ({ userId, madeWith }) => !keyless.has(userId) && (madeWith === null || gone.has(madeWith)),
    ),
  }
}
