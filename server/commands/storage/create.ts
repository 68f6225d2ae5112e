import type { Command } from '../../command.ts'
import { createVolume } from '../../deploy/create-volume.ts'

export default {
  summary: 'Make a volume: files of an app that outlive its containers and releases',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  examples: ['storage:create blog uploads'],
  async run({ paas, app, words, out, job, planned }) {
    planned(() => [`volumes: + ${paas.store.storage.freeName(app.id, words[0] ?? '')}`])
    const volume = await createVolume(paas, { ...job, name: words[0] ?? '' })
    out.result({ app: app.name, volume: volume.name }, () => {
      out.step(`Made the volume ${volume.name}`)
      out.detail(`Mount it: storage:mount ${app.name} ${volume.name} --container-dir /PATH`)
    })
  },
} satisfies Command
