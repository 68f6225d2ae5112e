import type { Command } from '../../command.ts'
import { inVolume, volumeDirectory } from '../../deploy/in-volume.ts'
import { UsageError } from '../../errors.ts'
import { findVolume } from '../../storage/find-volume.ts'

export default {
  summary: 'Write the files of a volume to stdout as a tar archive',
  right: 'develop',
  app: 'required',
  arguments: [{ name: 'NAME', required: true }],
  examples: ['storage:backup blog uploads > uploads.tar'],
  async run(call) {
    const { paas, app, words, session, signal } = call
    const volume = findVolume(call, words[0] ?? '')
    if (session.terminal)
      throw new UsageError('A terminal would change the bytes', {
        next: `Without -t, into a file: storage:backup ${app.name} ${volume.name} > ${volume.name}.tar`,
      })
    const command = ['tar', '-c', '-f', '-', '-C', volumeDirectory, '.']
    await inVolume(paas, app, volume, { command, stdout: session.stdout, signal })
  },
} satisfies Command
