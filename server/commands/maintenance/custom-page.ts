import type { Command } from '../../command.ts'
import { readInput } from '../../configuration.ts'
import { changeMaintenance } from '../../maintenance-change.ts'
import { parseMaintenancePage } from '../../maintenance-page.ts'

export default {
  summary: 'Show a page of the app while it is in maintenance: HTML on stdin, at most 64 KiB',
  right: 'develop',
  plans: true,
  app: 'required',
  flags: { reset: { summary: 'Back to the page of this server' } },
  examples: ['maintenance:custom-page blog < page.html', 'maintenance:custom-page blog --reset'],
  async run(call) {
    const { app, out } = call
    const page = call.flags.has('reset') ? null : parseMaintenancePage(await readInput(call))
    call.planned(() => [
      page === null ? "page: this server's" : `page: ${Buffer.byteLength(page)} bytes of the app's own`,
    ])
    await changeMaintenance(call, { page })
    out.result({ app: app.name, page: page === null ? 'ours' : 'own' }, () =>
      out.step(`The page of ${app.name} in maintenance is ${page === null ? "this server's" : 'its own'}`),
    )
  },
} satisfies Command
