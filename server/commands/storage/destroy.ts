import type { Command } from '../../command.ts'
import { confirmName } from '../../confirm.ts'
import { sourceName } from '../../deploy/mounts.ts'
import { ConflictError } from '../../docker/engine-errors.ts'
import { UserError } from '../../errors.ts'
import { findVolume, mountText } from '../../storage/find-volume.ts'

export default {
  summary: 'Destroy a volume with its files',
  right: 'own',
  app: 'required',
  arguments: [{ name: 'NAME', required: true }],
  flags: { confirm: { value: 'NAME', summary: 'The name of the volume, instead of being asked' } },
  examples: ['storage:destroy blog uploads', 'storage:destroy blog uploads --confirm uploads'],
  async run(call) {
    const { paas, app, words, out } = call
    const volume = findVolume(call, words[0] ?? '')
    const mount = paas.store.storage.mountsOf(app.id).find((each) => sourceName(each) === volume.name)
    if (mount)
      throw new UserError(`It is mounted: ${mountText(mount)}`, {
        next: `First: storage:unmount ${app.name} ${volume.name}`,
      })
    await confirmName(call, volume.name, `This destroys the files of ${volume.name}.`)
    try {
      await paas.engine.volumes.remove(volume.dockerName)
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      throw new UserError('A container that is being stopped still has it', {
        next: `In a minute again: storage:destroy ${app.name} ${volume.name}`,
        cause: error,
      })
    }
    paas.store.storage.delete(volume.id)
    out.result({ app: app.name, destroyed: volume.name }, () => out.step(`Destroyed ${volume.name}`))
  },
} satisfies Command
