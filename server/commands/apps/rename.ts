import type { Command } from '../../command.ts'
import { runDeploy } from '../../deploy/deploy.ts'
import { assertNameFree } from '../../domain-change.ts'

export default {
  summary: 'Give an app another name; its domain follows',
  right: 'own',
  plans: true,
  app: 'required',
  arguments: [{ name: 'NEW-NAME', audit: 'whole', required: true }],
  aliases: ['rename'],
  examples: ['apps:rename blog journal', 'apps:rename journal --app blog'],
  async run({ paas, app, user, words, out, job, planned }) {
    const name = words[0] ?? ''
    assertNameFree(paas, name, { user, app })
    planned(() => [`name: ${app.name} -> ${name}`, app.domainsSet ? undefined : 'its domain follows'])
    await runDeploy(paas, { ...job, kind: 'rename' }, async (deploy) => {
      await paas.routes.assertReady()
      await deploy.switch(() => {
        assertNameFree(paas, name, { user, app })
        paas.store.apps.rename(app.id, name)
      })
      await deploy.finish('Routes could not be updated', () => paas.routes.publish(app.id))
    })
    paas.events.record({
      type: 'app-renamed',
      app: { id: app.id, name },
      who: user.name,
      message: `${app.name} is ${name} now`,
      facts: { was: app.name },
    })
    out.result({ name, was: app.name }, () => {
      out.step(`Renamed ${app.name} to ${name}`)
      out.detail(`Your remote: git remote set-url paas paas:${name}`)
    })
  },
} satisfies Command
