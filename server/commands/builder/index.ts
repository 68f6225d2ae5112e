import type { Command } from '../../command.ts'

export default {
  summary: 'Show which folder is built, and how',
  right: 'view',
  app: 'required',
  aliases: ['builder:report', 'builder-dockerfile:report'],
  examples: ['builder blog'],
  async run({ app, out }) {
    const { buildDir, dockerfilePath, selected } = app.builder
    const facts = { 'build-dir': buildDir, 'dockerfile-path': dockerfilePath, selected }
    const byRule = {
      'build-dir': 'the root',
      'dockerfile-path': 'Dockerfile',
      selected: 'by the files of the tree',
    }
    out.result(facts, () =>
      out.table(
        ['Property', 'Value'],
        Object.entries(byRule).map(([name, rule]) => [name, facts[name as keyof typeof facts] ?? rule]),
      ),
    )
  },
} satisfies Command
