import type { Command } from '../../command.ts'
import { ownedService } from '../../services/access.ts'
import { anywhere, parseSourceNetwork } from '../../services/source-network.ts'

export default {
  summary: 'Open a database to clients outside of the server, with a user of its own',
  right: 'admin',
  plans: true,
  app: 'none',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: {
    from: {
      value: 'ADDRESS',
      audit: 'whole',
      summary: 'The address or network that they come from, such as 203.0.113.0/24; without: any',
    },
  },
  examples: ['mysql:expose blog --from 203.0.113.7', 'mysql:expose blog'],
  async run(call) {
    const { paas, words, flags, out } = call
    const service = ownedService(call, 'mysql', words[0] ?? '')
    const from = flags.value('from')
    const source = from === undefined ? anywhere : parseSourceNetwork(from)
    const whence = source === anywhere ? 'anywhere' : source
    paas.provisioning.assertNotExposed(service)
    call.planned(() => [`database ${service.name}: open to clients from ${whence}`])
    const exposure = await paas.provisioning.expose(service, source)
    const url = paas.provisioning.kind(service.kind).exposedUrl(service, exposure, paas.settings.domain)
    out.result({ name: service.name, from: source, url }, () => {
      out.step(`${service.name} is open to clients from ${whence}`)
      out.line(url)
    })
    if (source === anywhere)
      out.trouble(`Everybody may try: mysql:unexpose ${service.name}, then --from ADDRESS for fewer`)
  },
} satisfies Command
