import type { Call, Command } from '../../command.ts'
import { changeMounts } from '../../deploy/change-mounts.ts'
import { assertProcess, currentRelease } from '../../deploy/release.ts'
import { UserError } from '../../errors.ts'
import { filesIn } from '../../state/config.ts'
import type { Mount } from '../../state/storage.ts'
import { mountText } from '../../storage/find-volume.ts'
import { mountSource, parseDirectory } from '../../storage/mount-source.ts'

export default {
  summary:
    'Let the containers of an app see a volume at a path; admins may name a folder of the server instead',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'NAME', audit: 'whole', required: true }],
  flags: {
    'container-dir': { value: '/PATH', summary: 'Where in the container; or as NAME:/PATH' },
    'process-type': { value: 'TYPE', summary: 'Only these containers; `run`: one-offs. All without' },
    'no-restart': { summary: 'Keep it for the next time that containers are replaced' },
  },
  examples: [
    'storage:mount blog uploads --container-dir /var/www/uploads',
    'storage:mount blog uploads:/var/www/uploads --process-type web',
    'storage:mount blog /srv/shared --container-dir /shared',
  ],
  async run(call) {
    const { paas, app, words, flags, out } = call
    const [, name = '', inWord] = /^(.[^:]*)(?::(.*))?$/s.exec(words[0] ?? '') ?? []
    const mount: Mount = {
      source: await mountSource(call, name),
      directory: parseDirectory(flags.value('container-dir') ?? inWord),
      process: flags.value('process-type') ?? null,
    }
    if (mount.process !== null && mount.process !== 'run')
      assertProcess(app, currentRelease(paas, app), mount.process)
    assertNoFile(call, mount)
    call.planned(() => [`mounts: + ${mountText(free(mount, paas.store.storage.mountsOf(app.id)))}`])
    const live = await changeMounts(paas, {
      ...call.job,
      restart: !flags.has('no-restart'),
      change: (mounts) => [...mounts, free(mount, mounts)],
    })
    out.result({ app: app.name, mount: mountText(mount), live }, () => {
      out.step(`Mounted ${mountText(mount)}`)
      if (!live) out.detail('It counts from when containers are next started')
    })
  },
} satisfies Command

/** Throws `UserError` where a config var is a file at that place. */
function assertNoFile({ paas, app }: Call, { directory }: Mount): void {
  const files = Object.entries(filesIn(paas.store.config.of(app.id)))
  const name = files.find(([, { path }]) => path === directory)?.[0]
  if (name !== undefined)
    throw new UserError(`The config var ${name} is a file at ${directory}`, {
      next: `Choose another place, or: config:unset ${app.name} ${name}`,
    })
}

/** Throws `UserError` where a container that gets it would see something there already. */
function free(mount: Mount, mounts: readonly Mount[]): Mount {
  const there = mounts.find(
    (each) =>
      each.directory === mount.directory &&
      (each.process === null || mount.process === null || each.process === mount.process),
  )
  if (!there) return mount
  throw new UserError(`There is something at ${mount.directory} already: ${mountText(there)}`, {
    next: `Take it away first: storage:unmount --container-dir ${mount.directory}`,
  })
}
