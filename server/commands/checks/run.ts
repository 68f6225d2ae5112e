import { type Check, checkInWords } from '../../checks/check.ts'
import { runProbe } from '../../checks/probe.ts'
import { placeOf } from '../../checks/subject.ts'
import type { Command } from '../../command.ts'
import { assertProcess, currentRelease } from '../../deploy/release.ts'
import { exitCode } from '../../errors.ts'
import { firstHost } from '../../routing.ts'
import { paceOf } from '../../state/check-settings.ts'
import type { Release } from '../../state/releases.ts'

export default {
  summary: 'Run all checks of the running release once, now; exit code 1 where one fails',
  right: 'develop',
  reads: true,
  app: 'required',
  arguments: [{ name: 'TYPE', audit: 'whole' }],
  examples: ['checks:run blog', 'checks:run blog web'],
  async run({ paas, app, words, out, signal }) {
    const [type] = words
    const release = currentRelease(paas, app)
    if (type !== undefined) assertProcess(app, release, type)
    const settings = paas.store.checkSettings.of(app.id)
    const host = firstHost(paas, app)
    const results = await Promise.all(
      paas.store.containers
        .of(app.id, 'live')
        .filter(({ process }) => type === undefined || process === type)
        .flatMap((container) =>
          checksOf(release, container.process).map(async (check) => {
            const subject = { container, port: release.port, host }
            const { timeoutMs } = paceOf(settings, check)
            const { passed, saw } = await runProbe(paas, subject, check, { timeoutMs, signal })
            return { process: placeOf(container), when: check.when, check: checkInWords(check), passed, saw }
          }),
        ),
    )
    out.result(results, () => {
      if (results.length === 0) out.line('There is nothing to check: what runs has no checks')
      out.table(
        ['Process', 'When', 'Check', 'Result', 'Saw'],
        results.map(({ process, when, check, passed, saw }) => [
          process,
          when,
          check,
          passed ? 'passed' : 'failed',
          saw,
        ]),
      )
    })
    return results.every(({ passed }) => passed) ? exitCode.done : exitCode.failed
  },
} satisfies Command

/** By rule `web` has to listen. */
function checksOf({ checks }: Release, process: string): readonly Check[] {
  const own = Object.hasOwn(checks, process) ? (checks[process] ?? []) : []
  if (own.length > 0 || process !== 'web') return own
  return [{ when: 'startup', name: 'listening', probe: { kind: 'listening' }, initialDelayMs: 0 }]
}
