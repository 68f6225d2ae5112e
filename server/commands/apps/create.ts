import type { Command } from '../../command.ts'
import { createApp } from '../../deploy/create-app.ts'
import { assertNameFree } from '../../domain-change.ts'
import { appUrls } from '../../routing.ts'

export default {
  summary: 'Create an app',
  right: 'create',
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  aliases: ['create', 'addsite'],
  examples: ['apps:create blog'],
  async run({ paas, user, words, out, planned }) {
    const name = words[0] ?? ''
    assertNameFree(paas, name, { user })
    planned(() => [`app: + ${name}, of which ${user.name} is the admin`])
    const app = createApp(paas, { name, owner: user })
    out.result({ name: app.name, id: app.id, urls: appUrls(paas, app) }, () => {
      out.step(`Created ${app.name}`)
      out.detail(`Deploy it: git push paas:${app.name} main`)
    })
  },
} satisfies Command
