import type { Command } from '../../command.ts'

export default {
  summary: "List an app's databases",
  right: 'view',
  app: 'required',
  examples: ['mysql:links blog'],
  async run({ paas, app, out }) {
    const links = paas.store.links
      .of(app.id)
      .filter((link) => link.state === 'ready')
      .flatMap((link) => {
        const service = paas.store.services.byId(link.serviceId)
        if (service?.kind !== 'mysql') return []
        return [{ name: service.name, alias: link.alias, primary: link.primary }]
      })
    out.result(links, () => {
      out.heading(`${app.name} databases`)
      out.table(
        ['Name', 'Alias', ''],
        links.map((link) => [link.name, link.alias, link.primary ? 'primary' : '']),
      )
    })
  },
} satisfies Command
