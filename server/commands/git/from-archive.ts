import { basename } from 'node:path/posix'
import type { Call, Command } from '../../command.ts'
import { deployArchive } from '../../deploy/from-archive.ts'
import { download } from '../../net/download.ts'
import { parseUrl } from '../../net/parse-url.ts'
import { mayFetchPrivate, privateFlag } from '../../net/private-flag.ts'
import { nextReleaseLine } from '../../plan.ts'

export default {
  summary: 'Deploy the files of a tar or tar.gz, from an address or with - from stdin, as a push of them',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'URL|-', required: true, looks: (word) => word === '-' || word.includes(':') }],
  flags: { private: privateFlag },
  examples: [
    'git:from-archive blog https://example.com/blog.tar.gz',
    'git:from-archive blog - < blog.tar.gz',
  ],
  async run(call) {
    const { paas, app, out, job, planned } = call
    const source = sourceOf(call)
    planned(() => [`files: those of ${source.from}`, nextReleaseLine(paas, app)])
    const archive = await source.open()
    await deployArchive(paas, { ...job, archive, from: source.from })
    const now = paas.store.apps.byId(app.id)
    out.result({ app: now.name, release: `v${now.release}` }, () => {})
  },
} satisfies Command

function sourceOf(call: Call): { readonly from: string; open(): Promise<AsyncIterable<Buffer>> } {
  const [word = ''] = call.words
  if (word === '-') return { from: 'stdin', open: async () => call.stdin }
  const address = parseUrl(word)
  const allowPrivate = mayFetchPrivate(call)
  return {
    from: `${basename(address.url.pathname) || '/'} of ${address.url.host}`,
    open: () => download(address, { allowPrivate, signal: call.signal }),
  }
}
