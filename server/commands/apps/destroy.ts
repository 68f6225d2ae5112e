import type { Command } from '../../command.ts'
import { confirmName } from '../../confirm.ts'
import { destroy } from '../../deploy/destroy.ts'
import { linkedServices } from '../../services/access.ts'

export default {
  summary: 'Destroy an app with its containers, images and repository',
  right: 'own',
  app: 'required',
  flags: { confirm: { value: 'APP', summary: 'The name of the app, instead of being asked' } },
  aliases: ['destroy'],
  examples: ['apps:destroy blog', 'apps:destroy blog --confirm blog'],
  async run(call) {
    const { paas, app, out, job } = call
    const volumes = paas.store.storage.volumesOf(app.id).map(({ name }) => name)
    const files = volumes.length === 0 ? '' : `, AND THE FILES of its volumes ${volumes.join(', ')}`
    await confirmName(
      call,
      app.name,
      `This destroys ${app.name} with its containers, images and repository${files}.`,
    )
    const services = linkedServices(paas, app)
    await destroy(paas, job)
    out.result({ destroyed: app.name, stays: services.map(({ name }) => name) }, () => {
      out.step(`Destroyed ${app.name}`)
      for (const { kind, name } of services)
        out.detail(
          `The ${paas.provisioning.kind(kind).title} ${name} stays; to destroy it: ${kind}:destroy ${name}`,
        )
    })
  },
} satisfies Command
