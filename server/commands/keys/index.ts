import type { Command } from '../../command.ts'

export default {
  summary: 'List SSH keys: all for an admin, else your own',
  right: 'anyone',
  keyOnly: true,
  app: 'none',
  reads: true,
  aliases: ['keys:list', 'ssh-keys', 'ssh-keys:list'],
  examples: ['keys'],
  async run({ paas, user, out }) {
    const keys = paas.store.people
      .keys()
      .filter((key) => user.role === 'admin' || key.userId === user.id)
      .map(({ userName, fingerprint, publicLine, addedAt }) => ({
        user: userName,
        fingerprint,
        comment: publicLine.split(/\s+/).slice(2).join(' '),
        added: addedAt,
      }))
    out.result(keys, () => {
      out.heading('SSH keys')
      out.table(
        ['User', 'Fingerprint', 'Comment'],
        keys.map((key) => [key.user, key.fingerprint, key.comment]),
      )
    })
  },
} satisfies Command
