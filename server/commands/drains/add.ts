import type { Command } from '../../command.ts'
import { drainAddress, shownDrain } from '../../drains/drain-address.ts'
import { NotAllowedError, UserError } from '../../errors.ts'
import { addressesOf } from '../../net/public-address.ts'

const mostDrains = 5

export default {
  summary:
    "Send a copy of an app's log, with --global of every app's, from now on: syslog (RFC 5424, TCP or TLS) or HTTPS",
  right: 'develop',
  plans: true,
  app: 'required',
  shared: true,
  // Not kept in the audit: a login may stand in it.
  arguments: [{ name: 'URL', required: true, looks: (word) => word.includes(':') }],
  flags: { private: { summary: 'Also to this machine or a private network; for admins of the server' } },
  examples: [
    'drains:add blog syslog+tls://logs.example.com:6514',
    'drains:add blog syslog://10.0.0.5:514 --private',
    'drains:add blog https://user:token@logs.example.com/in',
    'drains:add --global syslog+tls://logs.example.com:6514',
  ],
  async run({ paas, appIfAny: app, user, words, flags, out, planned }) {
    const [url = ''] = words
    const { host } = drainAddress(url)
    const allowPrivate = flags.has('private')
    if (allowPrivate && user.role !== 'admin')
      throw new NotAllowedError('Only admins of the server may send logs to private networks', {
        next: 'Ask an admin',
      })
    await addressesOf(host, { allowPrivate })
    const whose = app?.name ?? '--global'
    const appId = app?.id ?? null
    const now = paas.store.drains.of(appId)
    if (now.some((drain) => drain.url === url))
      throw new UserError(`${app?.name ?? 'Every app'} has this drain already`, {
        next: `To see them: drains ${whose}`,
      })
    if (now.length >= mostDrains)
      throw new UserError(
        `${app ? `${app.name} has` : 'For every app there are'} ${mostDrains} drains, the most there can be`,
        { next: `Remove one: drains:remove ${whose} ${now[0]?.id}` },
      )
    const shown = shownDrain(url)
    planned(() => [`log drain: + ${shown}`])
    const drain = paas.store.drains.add({ appId, url, allowPrivate })
    paas.drains.start(paas, drain)
    paas.events.record({
      type: 'drain-added',
      ...(app ? { app } : {}),
      who: user.name,
      message: `The log of ${app?.name ?? 'every app'} is sent to ${shown}`,
      facts: { drain: drain.id },
    })
    out.result({ app: app?.name ?? null, id: drain.id, url: shown }, () => {
      out.step(`Lines of ${app?.name ?? 'every app'} go to ${shown} from now on`)
      out.detail(`Whether they arrive: drains ${whose}`)
    })
  },
} satisfies Command
