import { showCertificate } from '../../certificate-change.ts'
import type { Command } from '../../command.ts'

export default {
  summary: 'Show the certificate of an app, which domains it is good for, and until when',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['certs:report', 'certs:info'],
  examples: ['certs blog', 'certs:report --all --json'],
  async run(call) {
    showCertificate(call)
  },
} satisfies Command
