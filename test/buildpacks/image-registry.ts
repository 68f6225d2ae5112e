import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

export type ImageRegistry = AsyncDisposable & { readonly host: string }

/**
 * An image registry on this machine that has one image, `library/NAME:TAG`, made of the local image `from`. As
 * Docker's own it asks everybody for a token first, and gives one without a name. What Docker has pulled of it goes with it.
 */
export async function imageRegistry(image: string, from: string): Promise<ImageRegistry> {
  const [name = '', tag = ''] = image.split(':')
  const { manifest, blobs } = await registryImage(from)
  const documents = new Map([...blobs, [digestOf(manifest), manifest], [tag, manifest]])
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://registry')
    const answer = (status: number, body: Buffer | string = '', type = 'application/octet-stream'): void => {
      response.writeHead(status, {
        'content-type': type,
        'content-length': body.length,
        ...(Buffer.isBuffer(body) ? { 'docker-content-digest': digestOf(body) } : {}),
      })
      response.end(request.method === 'HEAD' ? undefined : body)
    }
    if (pathname === '/token')
      return answer(200, JSON.stringify({ token: 'for-anybody' }), 'application/json')
    if (request.headers.authorization !== 'Bearer for-anybody') {
      const realm = `http://${request.headers.host}/token`
      response.setHeader(
        'www-authenticate',
        `Bearer realm="${realm}",service="registry",scope="repository:library/${name}:pull"`,
      )
      return answer(401)
    }
    const [, kind, key = ''] =
      new RegExp(`^/v2/library/${name}/(manifests|blobs)/([\\w.:-]+)$`).exec(pathname) ?? []
    const found = documents.get(key)
    if (found === undefined) return answer(404)
    answer(200, found, kind === 'manifests' ? manifestType : undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    async [Symbol.asyncDispose]() {
      await execa('docker', ['rmi', '--force', `${host}/library/${image}`], { reject: false })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'

const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

/** What `docker save` writes, as a registry has it. */
async function registryImage(
  from: string,
): Promise<{ manifest: Buffer; blobs: ReadonlyMap<string, Buffer> }> {
  const folder = mkdtempSync(join(tmpdir(), 'paas-image-'))
  try {
    await execa('docker', ['save', '--output', join(folder, 'image.tar'), from])
    await execa('tar', ['-xf', 'image.tar'], { cwd: folder })
    const [saved] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as [
      { Config: string; Layers: string[] },
    ]
    const read = (path: string, mediaType: string) => {
      const content = readFileSync(join(folder, path))
      return { content, described: { mediaType, size: content.length, digest: digestOf(content) } }
    }
    const config = read(saved.Config, 'application/vnd.docker.container.image.v1+json')
    const layers = saved.Layers.map((path) => read(path, 'application/vnd.docker.image.rootfs.diff.tar'))
    return {
      manifest: Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: manifestType,
          config: config.described,
          layers: layers.map(({ described }) => described),
        }),
      ),
      blobs: new Map([config, ...layers].map(({ content, described }) => [described.digest, content])),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
