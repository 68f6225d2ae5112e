import type { Call, Command } from '../../command.ts'
import { readInput } from '../../configuration.ts'
import { UsageError } from '../../errors.ts'
import { changeRoute } from '../../route-change.ts'

/** HAProxy has to hold it in a buffer of 16 KB, in base64. */
const largest = 8 * 1024

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
    const page = call.flags.has('reset') ? null : await readPage(call)
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

async function readPage(call: Call): Promise<string> {
  const page = await readInput(call)
  if (page.trim() === '')
    throw new UsageError('There is no page on stdin', {
      next: `For instance: ssh paas router:error-page ${call.app.name} < page.html`,
    })
  if (Buffer.byteLength(page) > largest)
    throw new UsageError('The page is larger than 8 KiB', {
      next: 'Keep its images and styles elsewhere, and name them by https://',
    })
  if (/<(pre|textarea|script)\b[^>]*>[^<]*[\r\n]/i.test(page))
    throw new UsageError(
      'A page for failures reaches browsers without its line ends, and this one needs them',
      {
        next: 'Take the line ends out of its <pre>, <textarea> and <script>',
      },
    )
  return page
}
