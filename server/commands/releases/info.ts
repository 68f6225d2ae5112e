import { checkInWords } from '../../checks/check.ts'
import type { Command } from '../../command.ts'
import { UserError } from '../../errors.ts'
import { parseVersion } from '../../version.ts'

export default {
  summary: 'Show one release: commit, image, processes, names of config vars',
  right: 'view',
  app: 'required',
  arguments: [{ name: 'vN', looks: (word) => /^v?\d+$/.test(word) }],
  examples: ['releases:info blog v12'],
  async run({ paas, app, words, out }) {
    const version = words[0] === undefined ? app.release : parseVersion(words[0])
    const release = version === null ? undefined : paas.store.releases.find(app.id, version)
    if (!release)
      throw new UserError(`${app.name} has no such release`, { next: `The kept ones: releases ${app.name}` })
    const facts = {
      version: `v${release.version}`,
      current: release.version === app.release,
      description: release.description,
      by: release.createdBy,
      at: release.createdAt,
      commit: release.commit,
      image: release.image,
      imageGone: release.imageGone,
      died: release.died,
      port: release.port,
      entrypoint: release.entrypoint,
      processes: release.processes,
      checks: Object.fromEntries(
        Object.entries(release.checks).map(([type, checks]) => [type, checks.map(checkInWords)]),
      ),
      cron: release.cron.map(({ schedule, command }) => `${schedule} ${command}`),
      links: [...release.links, ...release.appLinks].map(({ alias }) => alias),
      tasks: release.tasks,
      deploy: paas.store.journal.thatReleased(app.id, release.version)?.id ?? null,
      formation: release.formation,
      config: Object.keys(release.config).sort(),
      shared: release.shared,
    }
    out.result(facts, () => {
      out.heading(`${app.name} v${release.version}`)
      out.table(
        ['Fact', 'Value'],
        Object.entries(facts).map(([name, value]) => [
          name,
          typeof value === 'object' ? JSON.stringify(value) : String(value),
        ]),
      )
    })
  },
} satisfies Command
