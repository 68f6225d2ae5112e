import { PassThrough } from 'node:stream'
import type { Command } from '../../command.ts'
import { assertRoom } from '../../disk/assert-room.ts'
import { ownedService } from '../../services/access.ts'
import type { ServiceKind } from '../../services/service-kind.ts'
import type { Service } from '../../state/services.ts'

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
      await copyContent(provisioning.kind('mysql'), service, copy, signal)
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

/** Exports into an import; what fails first ends both and is thrown. */
async function copyContent(
  kind: ServiceKind,
  from: Service,
  to: Service,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const fail = (error: unknown): void => failed.abort(error)
  const either = AbortSignal.any([signal, failed.signal])
  const pipe = new PassThrough()
  const written = kind.export(from, pipe, either).then(() => pipe.end(), fail)
  const read = kind.import(to, pipe, either).catch(fail)
  await Promise.all([written, read])
  if (failed.signal.aborted) throw failed.signal.reason
}
