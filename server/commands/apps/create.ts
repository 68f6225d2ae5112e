import type { Command } from '../../command.ts'
import { createApp } from '../../git-service.ts'
import { appUrls } from '../../routing.ts'

export default {
  summary: 'Create an app',
  right: 'create',
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  aliases: ['create', 'addsite'],
  examples: ['apps:create blog'],
  async run({ paas, user, words, out }) {
    const app = createApp(paas, user, words[0] ?? '')
    out.result({ name: app.name, id: app.id, urls: appUrls(paas, app) }, () => {
      out.step(`Created ${app.name}`)
      out.detail(`Deploy it: git push paas:${app.name} main`)
    })
  },
} satisfies Command
