import type { Call, Command } from '../../command.ts'
import { readInput } from '../../configuration.ts'
import { UsageError } from '../../errors.ts'
import { changeMaintenance } from '../../maintenance-change.ts'

/** It is in the route of the app, which is read again with every deploy. */
const largest = 64 * 1024

export default {
  summary: 'Show a page of the app while it is in maintenance: HTML on stdin, at most 64 KiB',
  right: 'develop',
  plans: true,
  app: 'required',
  flags: { reset: { summary: 'Back to the page of this server' } },
  examples: ['maintenance:custom-page blog < page.html', 'maintenance:custom-page blog --reset'],
  async run(call) {
    const { app, out } = call
    const page = call.flags.has('reset') ? null : await readPage(call)
    call.planned(() => [
      page === null ? "page: this server's" : `page: ${Buffer.byteLength(page)} bytes of the app's own`,
    ])
    await changeMaintenance(call, { page })
    out.result({ app: app.name, page: page === null ? 'ours' : 'own' }, () =>
      out.step(`The page of ${app.name} in maintenance is ${page === null ? "this server's" : 'its own'}`),
    )
  },
} satisfies Command

async function readPage(call: Call): Promise<string> {
  const page = await readInput(call)
  const next = `For instance: ssh paas maintenance:custom-page ${call.app.name} < page.html`
  if (page.trim() === '') throw new UsageError('There is no page on stdin', { next })
  if (Buffer.byteLength(page) > largest)
    throw new UsageError('The page is larger than 64 KiB', {
      next: 'Keep its images elsewhere, and name them by https://',
    })
  return page
}
