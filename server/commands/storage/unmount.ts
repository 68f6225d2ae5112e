import type { Command } from '../../command.ts'
import { changeMounts } from '../../deploy/change-mounts.ts'
import { sourceName } from '../../deploy/mounts.ts'
import { UsageError, UserError } from '../../errors.ts'
import type { Mount } from '../../state/storage.ts'
import { mountText } from '../../storage/find-volume.ts'

export default {
  summary: 'Take a volume from the containers of an app; its files stay',
  right: 'develop',
  app: 'required',
  arguments: [{ name: 'NAME' }],
  flags: {
    'container-dir': { value: '/PATH', summary: 'Only what is at this path' },
    'no-restart': { summary: 'Keep it until containers are next replaced' },
  },
  examples: ['storage:unmount blog uploads', 'storage:unmount blog --container-dir /shared'],
  async run(call) {
    const { paas, app, words, flags, out } = call
    const [name, inWord] = (words[0] ?? '').split(':')
    const directory = (flags.value('container-dir') ?? inWord)?.replace(/(?<=.)\/+$/, '')
    if (!name && directory === undefined)
      throw new UsageError('What is to be unmounted?', { next: 'For instance: storage:unmount uploads' })
    const goes = (mount: Mount): boolean =>
      (!name || sourceName(mount) === name) && (directory === undefined || mount.directory === directory)
    let gone: readonly Mount[] = []
    const live = await changeMounts(paas, {
      ...call.job,
      restart: !flags.has('no-restart'),
      change: (mounts) => {
        gone = mounts.filter(goes)
        if (gone.length === 0)
          throw new UserError(`${app.name} mounts no such thing`, {
            next: `What it mounts: storage ${app.name}`,
          })
        return mounts.filter((mount) => !goes(mount))
      },
    })
    out.result({ app: app.name, unmounted: gone.map(mountText), live }, () => {
      for (const mount of gone) out.step(`Unmounted ${mountText(mount)}`)
      if (!live) out.detail('It counts from when containers are next started')
    })
  },
} satisfies Command
