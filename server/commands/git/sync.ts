import type { Command } from '../../command.ts'
import { sync } from '../../deploy/sync.ts'
import { UsageError } from '../../errors.ts'
import { parseUrl } from '../../net/parse-url.ts'
import { mayFetchPrivate, privateFlag } from '../../net/private-flag.ts'
import { addressesOf } from '../../net/public-address.ts'
import { nextReleaseLine } from '../../plan.ts'

export default {
  summary: "Deploy another git server's branch, tag or commit, as a push of it",
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'URL', required: true, looks: (word) => word.includes(':') },
    { name: 'REF', audit: 'whole' },
  ],
  flags: {
    'build-if-changes': { summary: 'Build nothing where the app has that commit already' },
    build: { summary: 'Build also then, as without any of them' },
    private: privateFlag,
  },
  examples: [
    'git:sync blog https://example.com/team/blog.git',
    'git:sync blog https://example.com/team/blog.git v1.2 --build-if-changes',
  ],
  async run(call) {
    const { paas, app, words, flags, out, job, planned } = call
    const address = parseUrl(words[0] ?? '')
    const name = words[1] === undefined ? undefined : parseRef(words[1])
    const allowPrivate = mayFetchPrivate(call)
    const onlyChanges = flags.has('build-if-changes')
    const where = `${address.url.host}${address.url.pathname}`
    planned(() => [
      `source: ${name ?? 'HEAD'} of ${where}`,
      `${nextReleaseLine(paas, app)}${onlyChanges ? ', if it is another commit' : ''}`,
    ])
    const addresses = (await addressesOf(address.url.hostname, { allowPrivate })).map((each) => each.address)
    const remote = { ...address, addresses }
    const built = await sync(paas, { ...job, remote, name, onlyChanges })
    const now = paas.store.apps.byId(app.id)
    out.result({ app: now.name, release: `v${now.release}`, changed: built }, () => {
      if (!built) out.step(`${app.name} stands at ${name ?? 'HEAD'} of ${where} already`)
    })
  },
} satisfies Command

function parseRef(word: string): string {
  if (/^(?!.*(\.\.|\/\/|\/$|\.$|\.lock(\/|$)))[A-Za-z0-9_][\w./+-]{0,199}$/.test(word)) return word
  throw new UsageError(`"${word.slice(0, 60)}" cannot be a branch, tag or commit`, {
    next: 'For instance: git:sync https://example.com/team/blog.git main',
  })
}
