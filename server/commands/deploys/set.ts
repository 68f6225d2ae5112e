import type { Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { changeLine } from '../../plan.ts'

export default {
  summary: 'Set on-disconnect: whether a deploy that has begun goes on (detach) when its connection is lost',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    { name: 'on-disconnect', audit: 'whole', required: true, looks: (word) => word === 'on-disconnect' },
    { name: 'detach|cancel', audit: 'whole', required: true },
  ],
  examples: ['deploys:set blog on-disconnect detach', 'deploys:set blog on-disconnect cancel'],
  async run({ paas, app, words, out, planned }) {
    const [property = '', value = ''] = words
    if (property !== 'on-disconnect')
      throw new UsageError(`deploys:set does not know "${property.slice(0, 40)}"`, {
        next: 'deploys:set on-disconnect detach',
      })
    if (value !== 'detach' && value !== 'cancel')
      throw new UsageError(`on-disconnect is detach or cancel, not "${value.slice(0, 40)}"`, {
        next: 'deploys:set on-disconnect detach',
      })
    planned(() => [changeLine('on-disconnect', app.onDisconnect, value)])
    paas.store.apps.setOnDisconnect(app.id, value)
    out.result({ app: app.name, 'on-disconnect': value }, () =>
      out.step(
        value === 'detach'
          ? `A deploy of ${app.name} that has begun goes on when its connection is lost`
          : `A deploy of ${app.name} is cancelled when its connection is lost`,
      ),
    )
  },
} satisfies Command
