import type { Command } from '../../command.ts'
import { inVolume, volumeDirectory } from '../../deploy/in-volume.ts'
import { volumeLabels } from '../../deploy/mounts.ts'

export default {
  summary: 'Make a volume: files of an app that outlive its containers and releases',
  right: 'develop',
  app: 'required',
  arguments: [{ name: 'NAME', required: true }],
  examples: ['storage:create blog uploads'],
  async run({ paas, app, words, out, signal }) {
    const volume = paas.store.storage.add(app.id, words[0] ?? '')
    try {
      await paas.engine.volumes.create({ name: volume.dockerName, labels: volumeLabels(paas, app, volume) })
      // Whoever the app runs as may write there, unless the image says whose the folder is.
      await inVolume(paas, app, volume, { command: ['chmod', '1777', volumeDirectory], signal })
    } catch (error) {
      paas.store.storage.delete(volume.id)
      await paas.engine.volumes.remove(volume.dockerName).catch((failure: unknown) => {
        paas.log(`The volume ${volume.dockerName} could not be removed: ${String(failure)}`)
      })
      throw error
    }
    out.result({ app: app.name, volume: volume.name }, () => {
      out.step(`Made the volume ${volume.name}`)
      out.detail(`Mount it: storage:mount ${app.name} ${volume.name} --container-dir /PATH`)
    })
  },
} satisfies Command
