import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findOfficialImage } from '../../server/build/official-image.ts'
import { type ImageRegistry, imageRegistry } from '../buildpacks/image-registry.ts'

const signal = AbortSignal.timeout(60_000)
let registry: ImageRegistry
beforeAll(async () => {
  registry = await imageRegistry('python:3.13-slim', 'paas/busybox:latest')
})
afterAll(() => registry[Symbol.asyncDispose]())

test('the first tag that the registry has is the one', async () => {
  const tags = ['3.14-slim', '3.13-slim', '3.12-slim']
  expect(await findOfficialImage({ imageRegistry: registry.host, signal }, { name: 'python', tags })).toEqual(
    {
      image: `${registry.host}/library/python:3.13-slim`,
      answered: true,
    },
  )
})

test('a registry that has none of them has answered', async () => {
  const found = findOfficialImage(
    { imageRegistry: registry.host, signal },
    { name: 'python', tags: ['3.99-slim'] },
  )
  expect(await found).toEqual({ image: undefined, answered: true })
})

test('one that refuses connections, or never says a word, has not, and keeps nobody waiting', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' && address ? address.port : 0
  for (const imageRegistry of ['127.0.0.1:9', `127.0.0.1:${port}`])
    expect(
      await findOfficialImage({ imageRegistry, signal }, { name: 'python', tags: ['3.13-slim'] }),
    ).toEqual({ image: undefined, answered: false })
  silent.close()
}, 20_000)

test('whoever pushed and is gone ends it', async () => {
  const gone = { imageRegistry: registry.host, signal: AbortSignal.abort(new Error('gone')) }
  await expect(findOfficialImage(gone, { name: 'python', tags: ['3.13-slim'] })).rejects.toThrow('gone')
})
