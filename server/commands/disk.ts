import type { Command } from '../command.ts'
import { sizeText } from '../command-line/size.ts'
import { type AppUse, diskUse } from '../disk/disk-use.ts'

export default {
  summary: 'Show what uses the disk, and how much is free',
  right: 'admin',
  reads: true,
  app: 'none',
  examples: ['disk', 'disk --json'],
  async run({ paas, out }) {
    const use = await diskUse(paas)
    out.result(use, () => {
      out.table(
        ['App', 'Images', '', 'Written', 'Logs', 'Volumes', 'Git'],
        [...use.apps]
          .sort((one, other) => totalOf(other) - totalOf(one))
          .map((each) => [
            each.app,
            String(each.images),
            ...[
              each.imageBytes,
              each.writtenBytes,
              each.logBytes,
              each.volumeBytes,
              each.repositoryBytes,
            ].map(sizeText),
          ]),
      )
      if (use.apps.length > 0) out.line('')
      out.table(
        ['', '', ''],
        [
          ['images', sizeText(use.imageBytes), 'all apps, each layer once'],
          ['build cache', sizeText(use.buildCacheBytes), "the whole engine's: cleanup --build-cache"],
          ['databases', sizeText(use.databaseBytes), ''],
          ['logs', sizeText(use.logBytes), ''],
          ['state', sizeText(use.stateBytes), ''],
          ...use.free.map(({ what, path, freeBytes, totalBytes }) => [
            'free',
            sizeText(freeBytes),
            `of ${sizeText(totalBytes)} for ${what} (${path})`,
          ]),
          use.floorBytes === 0
            ? ['floor', 'none', 'PAAS_DISK_FLOOR=0']
            : ['floor', sizeText(use.floorBytes), 'with less free, pushes are refused (PAAS_DISK_FLOOR)'],
        ],
      )
    })
  },
} satisfies Command

const totalOf = (use: AppUse): number =>
  use.imageBytes + use.writtenBytes + use.logBytes + use.volumeBytes + use.repositoryBytes
