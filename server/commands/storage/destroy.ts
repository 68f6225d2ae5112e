import type { Command } from '../../command.ts'
import { confirmName } from '../../confirm.ts'
import { assertUnmounted, destroyVolume } from '../../deploy/destroy-volume.ts'
import { findVolume } from '../../storage/find-volume.ts'

export default {
  summary: 'Destroy a volume with its files',
  right: 'own',
  plans: true,
  app: 'required',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: { confirm: { value: 'NAME', summary: 'The name of the volume, instead of being asked' } },
  examples: ['storage:destroy blog uploads', 'storage:destroy blog uploads --confirm uploads'],
  async run(call) {
    const { paas, app, words, out, job } = call
    const volume = findVolume(call, words[0] ?? '')
    assertUnmounted(paas, app, volume)
    call.planned(() => [`volumes: - ${volume.name}, with its files`])
    await confirmName(call, volume.name, `This destroys the files of ${volume.name}.`)
    await destroyVolume(paas, { ...job, volume })
    out.result({ app: app.name, destroyed: volume.name }, () => out.step(`Destroyed ${volume.name}`))
  },
} satisfies Command
