import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { ownImageArchive } from '../../server/backup/image-archive.ts'
import { extract, pack } from '../../server/tar/tar-stream.ts'

const id = 'a'.repeat(64)
const described = {
  rootfs: { type: 'layers', diff_ids: [] },
  config: { Env: ['A=1'], Labels: { 'paas.instance': 'theirs', 'paas.app-id': 'theirs', keep: 'this' } },
}
const image = { Config: `${id}.json`, RepoTags: ['paas/node:24'], Layers: [`${id}/layer.tar`] }

async function archiveOf(files: Readonly<Record<string, string>>): Promise<Readable> {
  const packed = pack()
  for (const [name, text] of Object.entries(files)) packed.entry({ name }, text)
  packed.finalize()
  return Readable.from([await buffer(packed)])
}

async function filesOf(archive: Readable): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  const unpacked = archive.pipe(extract())
  for await (const entry of unpacked) found[entry.header.name] = String(await buffer(entry))
  return found
}

test('an image loses its names and the labels of others, and has the id that is said', async () => {
  const saved = await archiveOf({
    [`${id}/VERSION`]: '1.0',
    [`${id}/layer.tar`]: 'layer',
    [`${id}.json`]: JSON.stringify(described),
    'manifest.json': JSON.stringify([image]),
    repositories: JSON.stringify({ 'paas/node': { 24: id } }),
  })
  const { archive, imageId } = ownImageArchive(saved, { 'paas.instance': 'ours' })
  const files = await filesOf(archive)
  expect(Object.keys(files).sort()).toEqual([`${id}/layer.tar`, 'config.json', 'manifest.json'].sort())
  expect(JSON.parse(files['manifest.json'] ?? '')).toEqual([
    { Config: 'config.json', RepoTags: null, Layers: [`${id}/layer.tar`] },
  ])
  expect(JSON.parse(files['config.json'] ?? '').config).toEqual({
    Env: ['A=1'],
    Labels: { keep: 'this', 'paas.instance': 'ours' },
  })
  expect(await imageId).toBe(
    `sha256:${createHash('sha256')
      .update(files['config.json'] ?? '')
      .digest('hex')}`,
  )
})

test.each([
  [
    'two images',
    { [`${id}.json`]: JSON.stringify(described), 'manifest.json': JSON.stringify([image, image]) },
  ],
  ['none', { [`${id}.json`]: JSON.stringify(described) }],
  ['one that is not described', { 'manifest.json': JSON.stringify([image]) }],
  [
    'a layer elsewhere',
    {
      [`${id}.json`]: JSON.stringify(described),
      'manifest.json': JSON.stringify([{ ...image, Layers: ['../../etc/passwd'] }]),
    },
  ],
])('%s is refused', async (_, files) => {
  const { archive, imageId } = ownImageArchive(await archiveOf(files), {})
  archive.resume()
  await expect(imageId).rejects.toThrow('its image is not one that Docker saved')
})
