import type { Command } from '../../command.ts'
import { clone } from '../../deploy/clone.ts'
import { appUrls } from '../../routing.ts'

export default {
  summary: "Make an app of another's image and config, with databases and secrets of its own",
  right: 'develop',
  app: 'required',
  arguments: [{ name: 'NEW-NAME', required: true }],
  flags: { 'skip-deploy': { summary: 'Copy the settings alone; a push deploys it' } },
  examples: ['apps:clone blog blog2', 'apps:clone blog blog2 --skip-deploy'],
  async run({ paas, app: from, user, words, flags, out, job }) {
    const app = await clone(paas, {
      ...job,
      from,
      owner: user,
      name: words[0] ?? '',
      deploy: !flags.has('skip-deploy'),
    })
    const volumes = paas.store.storage.volumesOf(from.id).map((volume) => volume.name)
    out.result({ name: app.name, id: app.id, from: from.name, urls: appUrls(paas, app) }, () => {
      out.step(`Made ${app.name} of ${from.name}`)
      if (app.release === null) out.detail(`Deploy it: git push paas:${app.name} main`)
      else for (const url of appUrls(paas, app)) out.detail(url)
      if (volumes.length > 0)
        out.detail(
          `The volumes of ${from.name} are not shared with it: ${volumes.join(', ')}. Its own: storage:create ${app.name} NAME`,
        )
    })
  },
} satisfies Command
