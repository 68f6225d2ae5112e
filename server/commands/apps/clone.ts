import { assertRight } from '../../access.ts'
import type { Command } from '../../command.ts'
import { clone } from '../../deploy/clone.ts'
import { readyAppLinks } from '../../deploy/link-apps.ts'
import { currentRelease } from '../../deploy/release.ts'
import { assertNameFree } from '../../domain-change.ts'
import { appUrls } from '../../routing.ts'
import { sayPasswords } from '../../say-passwords.ts'

export default {
  summary:
    "Make an app of another's image, config and settings, with databases, secrets and passwords of its own",
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'NEW-NAME', audit: 'whole', required: true }],
  flags: { 'skip-deploy': { summary: 'Copy the settings alone; a push deploys it' } },
  examples: ['apps:clone blog blog2', 'apps:clone blog blog2 --skip-deploy'],
  async run({ paas, app: from, user, words, flags, out, job, planned }) {
    assertRight(paas.store, user, 'create', undefined)
    const deploy = !flags.has('skip-deploy')
    assertNameFree(paas, words[0] ?? '', { user })
    const release = deploy ? currentRelease(paas, from) : undefined
    planned(() => [
      `app: + ${words[0]}, with the config, quantities and settings of ${from.name}`,
      release && `release: v1, from the image of ${from.name} v${release.version}`,
    ])
    const { app, passwords } = await clone(paas, {
      ...job,
      from,
      owner: user,
      name: words[0] ?? '',
      deploy,
    })
    const volumes = paas.store.storage.volumesOf(from.id).map((volume) => volume.name)
    out.result(
      { name: app.name, id: app.id, from: from.name, urls: appUrls(paas, app), visitors: passwords },
      () => {
        out.step(`Made ${app.name} of ${from.name}`)
        if (app.release === null) out.detail(`Deploy it: git push paas:${app.name} main`)
        else for (const url of appUrls(paas, app)) out.detail(url)
        sayPasswords(out, passwords)
        const { canonical, hsts, letsencrypt } = paas.store.routeSettings.of(from.id)
        if (canonical !== null || hsts || letsencrypt || paas.store.certificates.of(from.id) !== undefined)
          out.detail(
            `The domains of ${from.name}, with certificates, hsts and the canonical one, are not its own. Its own: domains:add ${app.name} DOMAIN`,
          )
        const links = readyAppLinks(paas, from)
        if (links.length > 0)
          out.detail(
            `The links of ${from.name} are not its own: ${links.map(({ alias }) => alias).join(', ')}. Its own: links:add ${app.name} OTHER`,
          )
        if (volumes.length > 0)
          out.detail(
            `The volumes of ${from.name} are not shared with it: ${volumes.join(', ')}. Its own: storage:create ${app.name} NAME`,
          )
      },
    )
  },
} satisfies Command
