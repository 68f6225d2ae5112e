import type { Check } from '../../checks/check.ts'
import { checkInWords } from '../../checks/check.ts'
import { placeOf } from '../../checks/subject.ts'
import type { Command } from '../../command.ts'
import { defaultPace, modeOf, paceOf } from '../../state/check-settings.ts'

const defaultDrainS = 60

export default {
  summary: 'Show the health checks of the running release, and whether they are on',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['checks:report'],
  examples: ['checks blog', 'checks:report blog --json'],
  async run({ paas, app, out }) {
    const settings = paas.store.checkSettings.of(app.id)
    const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
    const types = Object.keys(release?.processes ?? {}).filter((type) => type !== 'release')
    const checksOf = (type: string): readonly Check[] =>
      release && Object.hasOwn(release.checks, type) ? (release.checks[type] ?? []) : []
    const facts = {
      app: app.name,
      release: release ? `v${release.version}` : null,
      waitToRetireS: settings.waitToRetireMs === null ? defaultDrainS : settings.waitToRetireMs / 1000,
      waitS: (settings.waitMs ?? defaultPace.waitMs) / 1000,
      timeoutS: (settings.timeoutMs ?? defaultPace.timeoutMs) / 1000,
      attempts: settings.attempts ?? defaultPace.attempts,
      types: types.map((type) => ({
        type,
        mode: modeOf(settings, type),
        checks: checksOf(type).map((check) => ({
          ...check,
          ...paceOf(settings, check),
          words: checkInWords(check),
        })),
      })),
      unready: paas.store.containers.of(app.id, 'live').flatMap((container) => {
        const why = paas.unready.get(container.name)
        return why === undefined ? [] : [{ process: placeOf(container), why }]
      }),
    }
    out.result(facts, () => {
      out.heading(`${app.name} ${facts.release ?? '(not deployed)'}`)
      const { waitToRetireS, waitS, timeoutS, attempts } = facts
      out.line(
        `wait-to-retire ${waitToRetireS} s, wait ${waitS} s, timeout ${timeoutS} s, attempts ${attempts}`,
      )
      out.table(
        ['Type', 'Mode', 'When', 'Check'],
        facts.types.flatMap(({ type, mode, checks }) =>
          checks.length === 0
            ? [[type, mode, 'startup', type === 'web' ? 'any HTTP answer on PORT' : 'it runs']]
            : checks.map(({ when, words }) => [type, mode, when, words]),
        ),
      )
      for (const { process, why } of facts.unready) out.line(`${process} is out of the routes: ${why}`)
    })
  },
} satisfies Command
