import { importApp } from '../../backup/import-app.ts'
import type { Command } from '../../command.ts'
import { assertNameFree } from '../../domain-change.ts'
import { UsageError } from '../../errors.ts'
import { appUrls } from '../../routing.ts'
import { sayPasswords } from '../../say-passwords.ts'

export default {
  summary: 'Make an app of what apps:export wrote, from stdin, here or on another server',
  right: 'create',
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  examples: ['apps:import blog < blog.tar'],
  async run(call) {
    const { paas, user, words, session, out } = call
    const name = words[0] ?? ''
    assertNameFree(paas, name, { user })
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: `Without -t, from a file: ssh paas apps:import ${name} < ${name}.tar`,
      })
    call.planned(() => [`app: + ${name}, of the archive on stdin, of which ${user.name} is the admin`])
    const { app, databases, domainsLeft, passwords, connections } = await importApp(call, name)
    const urls = appUrls(paas, app)
    const facts = { name: app.name, id: app.id, urls, databases, domainsLeft }
    const { webhookSecrets, left } = connections
    out.result({ ...facts, visitors: passwords, webhooks: webhookSecrets, left }, () => {
      out.step(`Imported ${app.name}`)
      if (app.release === null) out.detail(`Deploy it: git push paas:${app.name} main`)
      if (databases.length > 0) out.detail(`Its databases: ${databases.join(', ')}`)
      if (domainsLeft.length > 0) out.detail(`Not yours to give, or another app's: ${domainsLeft.join(', ')}`)
      sayPasswords(out, passwords)
      for (const [webhook, secret] of Object.entries(webhookSecrets))
        out.detail(`The secret of webhook ${webhook}, shown this once: ${secret}`)
      if (left.length > 0) out.detail(`Not here, or not yours to make: ${left.join(', ')}`)
    })
  },
} satisfies Command
