import type { Command } from '../../command.ts'
import { UsageError, UserError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'
import { changeRoute } from '../../route-change.ts'
import { appHosts } from '../../routing.ts'
import { parseDomain } from '../../state/domains.ts'

export default {
  summary: 'Send visitors of all other domains of an app on to this one (308); with --reset no more',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'DOMAIN', audit: 'whole', looks: (word) => word.includes('.') }],
  flags: { reset: { summary: 'Every domain answers by itself again' } },
  examples: ['domains:canonical blog www.example.com', 'domains:canonical blog --reset'],
  async run(call) {
    const { paas, app, words, flags, out } = call
    const { routeSettings } = paas.store
    const [word] = words
    if ((word === undefined) !== flags.has('reset'))
      throw new UsageError('Name the one domain, or --reset', {
        next: `For instance: domains:canonical ${app.name} ${appHosts(paas, app)[0] ?? 'www.example.com'}`,
      })
    const canonical = word === undefined ? null : parseDomain(word)
    if (canonical !== null && !appHosts(paas, app).includes(canonical))
      throw new UserError(`${app.name} does not have the domain ${canonical}`, {
        next: `Give it first: domains:add ${app.name} ${canonical}`,
      })
    if (canonical?.startsWith('*.'))
      throw new UserError('Nobody can be sent on to a wildcard', { next: 'Name one domain below it' })
    const before = routeSettings.of(app.id).canonical
    call.planned(() => [changeLine('canonical domain', before ?? 'none', canonical ?? 'none')])
    await changeRoute(call, () => routeSettings.set(app.id, 'canonical', canonical))
    out.result({ app: app.name, canonical }, () =>
      out.step(
        canonical === null
          ? `Every domain of ${app.name} answers by itself`
          : `Visitors of ${app.name} are sent on to ${canonical}`,
      ),
    )
  },
} satisfies Command
