import type { Command } from '../../command.ts'
import { readInput } from '../../configuration.ts'
import { parseErrorPage } from '../../error-page.ts'
import { changeRoute } from '../../route-change.ts'

export default {
  summary:
    'Show a page of the app when it fails, is silent for too long or is stopped (502, 504, 503): HTML on stdin, at most 8 KiB',
  right: 'develop',
  plans: true,
  app: 'required',
  flags: { reset: { summary: 'Back to the pages of this server' } },
  examples: ['router:error-page blog < page.html', 'router:error-page blog --reset'],
  async run(call) {
    const { paas, app, out } = call
    const page = call.flags.has('reset') ? null : parseErrorPage(await readInput(call))
    call.planned(() => [
      page === null
        ? "error page: this server's"
        : `error page: ${Buffer.byteLength(page)} bytes of the app's own`,
    ])
    await changeRoute(call, () => paas.store.routeSettings.set(app.id, 'errorPage', page))
    out.result({ app: app.name, errorPage: page === null ? 'ours' : 'own' }, () =>
      out.step(`The page of ${app.name} for failures is ${page === null ? "this server's" : 'its own'}`),
    )
  },
} satisfies Command
