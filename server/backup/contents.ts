import { join } from 'node:path'

/** Where in `home` a restore gathers what comes, until all of it is there. */
export const stagingFolder = (home: string): string => join(home, 'restore')

/** In there once all of it has come: from then on a start of the server puts it in its place. */
export const wholeMark = 'whole'

/** In there once something outside of it may have been made. */
export const begunMark = 'begun'

/** Files of `home` that a backup has; the keys where they are asked for. */
export const stateFile = 'state.db'
export const keyFiles = ['master.key', join('ssh', 'host_key')] as const

/** Folders of `home` that a backup has whole. */
export const wholeFolders = ['events', 'outputs', 'cron-outputs', 'backups'] as const

/** The folder of `home` of which a backup has what belongs to its apps, unless it is to be without. */
export const logsFolder = 'app-logs'

/** All that may be in one. */
export const keptFolders = [...wholeFolders, logsFolder] as const

/** Whether a file of a repository says what it holds, and not how git is to behave on this machine. */
export const isOfRepository = (path: string): boolean =>
  /^(HEAD|packed-refs|shallow|objects\/(?!info\/(http-)?alternates$).+|refs\/.+)$/.test(path) &&
  !/\.lock$|\/tmp_/.test(path)

/** Names of the items of a backup. */
export const items = {
  manifest: 'manifest.json',
  file: (path: string): string => `files/${path}`,
  images: 'images.tar',
  volume: (dockerName: string): string => `volumes/${dockerName}.tar`,
  database: (serviceId: string): string => `databases/${serviceId}.sql`,
} as const

/** Names of the items of an app's archive. */
export const appItems = {
  manifest: 'app.json',
  repository: 'repository.pack',
  image: 'image.tar',
  volume: (name: string): string => `volumes/${name}.tar`,
  database: (alias: string): string => `databases/${alias}.sql`,
} as const
