import { placeOf } from '../../checks/subject.ts'
import type { Command } from '../../command.ts'
import type { Paas } from '../../paas.ts'
import type { App } from '../../state/apps.ts'
import type { Container } from '../../state/containers.ts'

export default {
  summary: 'Show what runs and what is pending',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['ps:report'],
  examples: ['ps blog', 'ps blog --json'],
  async run({ paas, app, out }) {
    const facts = {
      app: app.name,
      release: app.release === null ? null : `v${app.release}`,
      stopped: app.stopped,
      formation: paas.store.formations.of(app.id),
      containers: await containersOf(paas, app),
      pendingConfig: pendingNames(paas, app),
    }
    out.result(facts, () => {
      out.heading(
        `${app.name} ${facts.release ?? '(not deployed)'}${app.stopped ? ' (stopped: ps:start)' : ''}`,
      )
      if (facts.containers.length === 0) out.line(`Nothing runs: ${whyNothing(app)}`)
      out.table(
        ['Process', 'State', 'Release', 'Since'],
        facts.containers.map(({ process, state, reason, release, since }) => [
          process,
          reason === null ? state : `${state}: ${reason}`,
          release,
          since ?? '',
        ]),
      )
      if (facts.pendingConfig.length > 0) {
        out.line(
          `Pending until the next release: ${facts.pendingConfig.join(', ')}; now: ps:restart ${app.name}`,
        )
      }
    })
  },
} satisfies Command

function whyNothing(app: App): string {
  if (app.release === null) return `it is not deployed: git push paas:${app.name} main`
  return app.stopped ? `it is stopped: ps:start ${app.name}` : `it is scaled to 0: scale ${app.name} web=1`
}

async function containersOf(paas: Paas, app: App) {
  return Promise.all(
    paas.store.containers.of(app.id).map(async (container) => {
      const found = await paas.engine.containers.inspect(container.name).catch(() => undefined)
      return {
        process: placeOf(container),
        state: stateOf(paas, container, found?.state),
        reason: reasonOf(paas, container),
        release: `v${container.version}`,
        since: found?.startedAt ?? null,
        restarts: container.restarts,
        address: container.address,
      }
    }),
  )
}

function stateOf(paas: Paas, { name, state, crashed }: Container, found: string | undefined): string {
  if (state !== 'live') return state
  if (crashed) return 'crashed'
  if (found !== 'running') return found ?? 'gone'
  if (!paas.proved.has(name)) return 'starting'
  return paas.unready.has(name) ? 'unready' : 'running'
}

/** Why it is not simply running; null where it is. */
function reasonOf(paas: Paas, { name, state, crashed, lastEnd }: Container): string | null {
  if (state !== 'live') return null
  if (crashed) return crashed
  return paas.proved.has(name) ? (paas.unready.get(name) ?? null) : (lastEnd?.how ?? null)
}

function pendingNames(paas: Paas, app: App): readonly string[] {
  const running = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
  if (!running) return []
  const next = paas.store.config.of(app.id)
  const names = new Set([...Object.keys(next), ...Object.keys(running.config)])
  return [...names].filter((name) => next[name] !== running.config[name]).sort()
}
