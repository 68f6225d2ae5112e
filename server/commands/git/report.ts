import type { Call, Command } from '../../command.ts'
import { repositoryOf } from '../../deploy/repository.ts'
import { sourceOf } from '../../deploy/source-of.ts'
import { UserError } from '../../errors.ts'
import { resolve } from '../../git/refs.ts'

export default {
  summary: 'Show deploy branch, commit and remote; or the Dockerfile that the release was built with',
  right: 'view',
  app: 'required',
  all: 'every',
  flags: { dockerfile: { summary: 'print the Dockerfile: its own, or what a buildpack wrote' } },
  aliases: ['git'],
  examples: ['git:report blog', 'git:report blog --dockerfile'],
  async run(call) {
    if (call.flags.has('dockerfile')) return await printDockerfile(call)
    const { paas, app, out } = call
    const branch = app.deployBranch
    const commit =
      branch === null ? undefined : await resolve(repositoryOf(paas, app), `refs/heads/${branch}`)
    const facts = { 'deploy branch': branch, commit: commit ?? null, remote: `paas:${app.name}` }
    out.result(facts, () =>
      out.table(
        ['Fact', 'Value'],
        Object.entries(facts).map(([name, value]) => [name, value ?? 'none']),
      ),
    )
  },
} satisfies Command

/** Worked out from the commit once more: the same commit and config give the same Dockerfile. */
async function printDockerfile({ paas, app, out, signal }: Call): Promise<void> {
  const release = app.release === null ? undefined : paas.store.releases.find(app.id, app.release)
  if (!release?.commit) {
    throw new UserError(`${app.name} has no release that was built from a commit`, {
      next: `git push paas:${app.name} main`,
    })
  }
  const source = await sourceOf(paas, app, release.commit, signal)
  const facts = { app: app.name, commit: release.commit, how: source.how, dockerfile: source.dockerfileText }
  out.result(facts, () => out.line(source.dockerfileText.trimEnd()))
}
