import type { Command } from '../command.ts'
import { appUrls } from '../routing.ts'

export default {
  summary: 'Print the URLs of an app',
  right: 'view',
  app: 'required',
  aliases: ['urls', 'open', 'apps:urls'],
  examples: ['url blog'],
  async run({ paas, app, out }) {
    const urls = appUrls(paas, app)
    out.result(urls, () => {
      for (const url of urls) out.line(url)
    })
  },
} satisfies Command
