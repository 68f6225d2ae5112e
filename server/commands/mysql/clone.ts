import type { Command } from '../../command.ts'
import { assertRoom } from '../../disk/assert-room.ts'
import { ownedService } from '../../services/access.ts'
import { passContent } from '../../services/pass-content.ts'

export default {
  summary: 'Create a database with the content of another',
  right: 'create',
  plans: true,
  app: 'none',
  arguments: [
    { name: 'NAME', audit: 'whole', required: true },
    { name: 'NEW-NAME', audit: 'whole', required: true },
  ],
  examples: ['mysql:clone blog blog-copy'],
  async run(call) {
    const { paas, user, words, out, signal } = call
    const { provisioning } = paas
    const service = ownedService(call, 'mysql', words[0] ?? '')
    await assertRoom(paas)
    const name = provisioning.freeName('mysql', words[1] ?? '')
    call.planned(() => [`database: + ${name}, with the content of ${service.name}`])
    const copy = await provisioning.create({ kind: 'mysql', name: words[1] ?? '', ownerId: user.id })
    try {
      const kind = provisioning.kind('mysql')
      await passContent(
        signal,
        (output, either) => kind.export(service, output, either),
        (input, either) => kind.import(copy, input, either),
      )
    } catch (error) {
      await provisioning.undo(copy)
      throw error
    }
    provisioning.keep(copy)
    out.result({ name: copy.name, from: service.name }, () =>
      out.step(`Created ${copy.name} with the content of ${service.name}`),
    )
  },
} satisfies Command
