import { maySee } from '../../access.ts'
import type { Command } from '../../command.ts'
import { confirmName } from '../../confirm.ts'
import { destroy } from '../../deploy/destroy.ts'
import { linkedServices } from '../../services/access.ts'

export default {
  summary: 'Destroy an app with its containers, images and repository',
  right: 'own',
  plans: true,
  app: 'required',
  flags: { confirm: { value: 'APP', summary: 'The name of the app, instead of being asked' } },
  aliases: ['destroy'],
  examples: ['apps:destroy blog', 'apps:destroy blog --confirm blog'],
  async run(call) {
    const { paas, app, user, out, job } = call
    const volumes = paas.store.storage.volumesOf(app.id).map(({ name }) => name)
    const files = volumes.length === 0 ? '' : `, AND THE FILES of its volumes ${volumes.join(', ')}`
    const services = linkedServices(paas, app)
    const linked = paas.store.appLinks.to(app.id).map(({ appId }) => paas.store.apps.byId(appId))
    const linkedNames = linked.map((each) =>
      maySee(paas.store, user, each) ? each.name : 'an app of others',
    )
    call.planned(() => [
      `app: - ${app.name}, with its repository`,
      `containers: - ${paas.store.containers.of(app.id).length}`,
      `images: - ${paas.store.releases.imagesOf(app.id).length}`,
      volumes.length === 0 ? undefined : `volumes with their files: - ${volumes.join(', ')}`,
      services.length === 0
        ? undefined
        : `databases that stay: ${services.map(({ name }) => name).join(', ')}`,
      linked.length === 0 ? undefined : `links of other apps to it: - ${linkedNames.join(', ')}`,
    ])
    await confirmName(
      call,
      app.name,
      `This destroys ${app.name} with its containers, images and repository${files}.${linked.length === 0 ? '' : ` No longer reached by ${linkedNames.join(', ')}.`}`,
    )
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
