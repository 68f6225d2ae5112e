import type { Command } from '../../command.ts'

export default {
  summary: 'Create a database',
  right: 'create',
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  examples: ['mysql:create blog'],
  async run({ paas, user, words, out, planned }) {
    const { provisioning } = paas
    planned(() => [`database: + ${provisioning.freeName('mysql', words[0] ?? '')}`])
    const service = await provisioning.create({ kind: 'mysql', name: words[0] ?? '', ownerId: user.id })
    provisioning.keep(service)
    out.result({ name: service.name, database: service.database }, () => {
      out.step(`Created ${service.name}`)
      out.detail(`Give it to an app: mysql:link ${service.name} APP`)
    })
  },
} satisfies Command
