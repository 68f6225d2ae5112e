import type { Command } from '../../command.ts'
import { restoreVolume } from '../../deploy/restore-volume.ts'
import { UsageError } from '../../errors.ts'
import { findVolume } from '../../storage/find-volume.ts'

export default {
  summary: 'Put the files of a tar archive on stdin in the place of those of a volume',
  right: 'develop',
  app: 'required',
  arguments: [{ name: 'NAME', required: true }],
  examples: ['storage:restore blog uploads < uploads.tar'],
  async run(call) {
    const { app, words, session, out } = call
    const volume = findVolume(call, words[0] ?? '')
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: `Without -t, from a file: storage:restore ${app.name} ${volume.name} < ${volume.name}.tar`,
      })
    await restoreVolume(call, volume)
    out.result({ app: app.name, restored: volume.name }, () => {
      out.step(`${volume.name} has the files of the archive`)
      out.detail('Those of before stay until an admin of the server types cleanup')
    })
  },
} satisfies Command
