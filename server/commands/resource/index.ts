import type { Command } from '../../command.ts'
import { sizeText } from '../../command-line/size.ts'
import { type Limits, limitsOf, oneOffType } from '../../state/resources.ts'

export default {
  summary: 'Show what each container of a process type may use, and what it keeps',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['resource:report'],
  examples: ['resource:report blog', 'resource:report blog --json'],
  async run({ paas, app, out }) {
    const said = paas.store.resources.of(app.id)
    const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
    const types = Object.keys(release?.processes ?? { web: null }).filter((type) => type !== 'release')
    // A type that the app had once, or will have.
    const others = Object.keys(said).filter((type) => type !== '*' && type !== oneOffType)
    const facts = {
      app: app.name,
      types: [...new Set([...types, ...others, oneOffType])].map((type) => ({
        type,
        byRule: !Object.hasOwn(said, type) && !Object.hasOwn(said, '*'),
        ...shownOf(limitsOf(said, type)),
      })),
    }
    out.result(facts, () => {
      out.heading(`${app.name} limits of each container`)
      out.table(
        ['Type', 'CPUs', 'Memory', 'Kept CPUs', 'Kept memory', ''],
        facts.types.map(({ type, cpus, memoryBytes, reservedCpus, reservedMemoryBytes, byRule }) => [
          type,
          String(cpus),
          sizeText(memoryBytes),
          reservedCpus === null ? '-' : String(reservedCpus),
          reservedMemoryBytes === null ? '-' : sizeText(reservedMemoryBytes),
          byRule ? 'by rule' : '',
        ]),
      )
    })
  },
} satisfies Command

const shownOf = ({ cpus, memoryBytes, pids, reservedCpus, reservedMemoryBytes }: Limits) => ({
  cpus,
  memoryBytes,
  pids,
  reservedCpus: reservedCpus ?? null,
  reservedMemoryBytes: reservedMemoryBytes ?? null,
})
