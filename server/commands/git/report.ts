import type { Command } from '../../command.ts'
import { repositoryOf } from '../../deploy/repository.ts'
import { resolve } from '../../git/git.ts'

export default {
  summary: 'Show deploy branch, commit and remote',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['git'],
  examples: ['git:report blog'],
  async run({ paas, app, out }) {
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
