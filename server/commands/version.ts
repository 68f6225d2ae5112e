import type { Command } from '../command.ts'
import { ownVersion } from '../version.ts'

export default {
  summary: 'Print the version of the server',
  right: 'anyone',
  reads: true,
  app: 'none',
  aliases: ['--version'],
  examples: ['version'],
  async run({ out }) {
    out.result({ version: ownVersion(), node: process.version }, () => out.line(`paas ${ownVersion()}`))
  },
} satisfies Command
