import type { Command } from '../../command.ts'
import { restart } from '../../deploy/restart.ts'
import { UsageError } from '../../errors.ts'
import { changeLine, releaseLine } from '../../plan.ts'

export default {
  summary: 'Set the port that the app listens on; `auto` goes back to the rule',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [
    {
      name: 'PORT',
      audit: 'whole',
      required: true,
      looks: (word) => /^(\d+|auto|https?:\d+:\d+)$/.test(word),
    },
  ],
  examples: ['ports:set blog 3000', 'ports:set blog http:80:3000', 'ports:set blog auto'],
  async run({ paas, app, words, out, job, planned }) {
    const port = parsePort(words[0] ?? '')
    planned(() => [changeLine('port', app.port, port), releaseLine(paas, app, { restart: true })])
    const version =
      app.release === null ? undefined : await restart(paas, { ...job, process: undefined, port })
    if (version === undefined) paas.store.apps.setPort(app.id, port)
    out.result({ app: app.name, port, release: version ? `v${version}` : null }, () =>
      out.step(
        `${app.name} listens on ${port ?? 'the port by rule'}${version ? `; v${version} serves` : '; it counts from the first deploy on'}`,
      ),
    )
  },
} satisfies Command

/** Dokku's `http:80:3000` is taken too: what counts is the container's port. */
function parsePort(word: string): number | null {
  if (word === 'auto') return null
  const digits = /^(?:https?:\d{1,5}:)?(\d{1,5})$/.exec(word)?.[1]
  const port = Number(digits ?? 0)
  if (port >= 1 && port <= 65_535) return port
  throw new UsageError(`"${word.slice(0, 40)}" is not a port from 1 to 65535`, {
    next: 'For instance: ports:set 3000',
  })
}
