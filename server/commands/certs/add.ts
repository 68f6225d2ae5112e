import { replaceCertificate, showCertificate } from '../../certificate-change.ts'
import type { Call, Command } from '../../command.ts'
import { readBytes } from '../../configuration.ts'
import { UsageError } from '../../errors.ts'
import { hostNames } from '../../routing.ts'
import { certificateFacts, covers } from '../../tls/certificate-facts.ts'
import { parseKeyPair } from '../../tls/key-pair.ts'

export default {
  summary: 'Give an app a certificate: PEM of certificate, chain and key on stdin, or a tar of these files',
  right: 'develop',
  plans: true,
  app: 'required',
  // Whose fingers name the two files names files of his own machine: they come on stdin all the same.
  arguments: [
    { name: 'CRT', looks: (word) => word.includes('.') },
    { name: 'KEY', looks: (word) => word.includes('.') },
  ],
  aliases: ['certs:update'],
  examples: ['certs:add blog < server.tar', 'certs:add blog < server.pem'],
  async run(call) {
    const { paas, app, user, out } = call
    const pair = parseKeyPair(await readPem(call))
    const { names } = certificateFacts(pair.chain)
    const hosts = hostNames(paas, app)
    if (!hosts.some((host) => covers(names, host)))
      throw new UsageError(
        `The certificate is for ${names.join(', ') || 'no domain'}, and none of them is ${app.name}'s`,
        {
          next: `Its domains: ${hosts.join(', ') || 'none'}. Add one: domains:add ${app.name} ${names[0] ?? 'DOMAIN'}`,
        },
      )
    call.planned(() => [`certificate: one for ${names.join(', ')}`])
    await replaceCertificate(call, 'added', pair)
    paas.events.record({
      type: 'certificate-added',
      app,
      who: user.name,
      message: `${app.name} has a certificate for ${names.join(', ')}`,
    })
    out.step(`${app.name} has a certificate; https answers with it`)
    showCertificate(call)
  },
} satisfies Command

/** A tar is no text, but what is of interest in it is ASCII. */
async function readPem(call: Call): Promise<string> {
  const bytes = await readBytes(call)
  const files = call.words.join(' ') || 'server.crt server.key'
  if (bytes.length === 0)
    throw new UsageError('There is nothing on stdin', {
      next: `For instance: cat ${files} | ssh paas certs:add ${call.app.name}`,
    })
  return bytes.toString('latin1')
}
