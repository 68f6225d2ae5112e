import type { Command } from '../../command.ts'
import { sourceName } from '../../deploy/mounts.ts'

export default {
  summary: 'List the volumes of an app, and where its containers see them',
  right: 'view',
  app: 'required',
  all: 'every',
  aliases: ['storage:report', 'storage:list'],
  examples: ['storage blog', 'storage --all --json'],
  async run({ paas, app, out }) {
    const mounts = paas.store.storage.mountsOf(app.id).map((mount) => ({
      source: sourceName(mount),
      directory: mount.directory,
      process: mount.process,
    }))
    const volumes = paas.store.storage.volumesOf(app.id).map(({ name, createdAt }) => ({ name, createdAt }))
    out.result({ app: app.name, volumes, mounts }, () => {
      const idle = volumes.filter(({ name }) => !mounts.some(({ source }) => source === name))
      out.heading(`${app.name} storage`)
      out.table(
        ['Files', 'In the container', 'Processes'],
        [
          ...mounts.map(({ source, directory, process }) => [source, directory, process ?? 'all']),
          ...idle.map(({ name }) => [name, 'not mounted', '']),
        ],
      )
    })
  },
} satisfies Command
