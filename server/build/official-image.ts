import type { BuildSettings } from './buildpack.ts'

/** What an image registry says of official images, such as `python`. */
export type OfficialImage = {
  /** To build on; undefined: it has none of those that were asked for. */
  readonly image: string | undefined
  /** False: there is no telling, since it did not answer in time. */
  readonly answered: boolean
}

/** All questions together: a push that it cannot help is refused soon. */
const deadlineMs = 3_000

/**
 * The first of `tags` of the official image `name` that the registry of the settings has. Never throws for a registry
 * that does not answer; the signal's own reason where that ends it.
 */
export async function findOfficialImage(
  { imageRegistry, signal }: Pick<BuildSettings, 'imageRegistry' | 'signal'>,
  { name, tags }: { readonly name: string; readonly tags: readonly string[] },
): Promise<OfficialImage> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
  try {
    for (const tag of tags) {
      if (await hasManifest(manifestUrl(imageRegistry, name, tag), either))
        return { image: `${imageRegistry}/library/${name}:${tag}`, answered: true }
    }
    return { image: undefined, answered: true }
  } catch {
    signal.throwIfAborted()
    return { image: undefined, answered: false }
  }
}

/** Docker's own registry answers under another name than its images have; on this machine one needs no TLS, as for Docker. */
function manifestUrl(registry: string, name: string, tag: string): URL {
  const [host = '', ...path] = registry.split('/')
  const scheme = /^(localhost|127(\.\d+){3})(:\d+)?$/.test(host) ? 'http' : 'https'
  const answering = host === 'docker.io' ? 'registry-1.docker.io' : host
  return new URL(`${scheme}://${answering}/v2/${[...path, 'library', name].join('/')}/manifests/${tag}`)
}

async function hasManifest(url: URL, signal: AbortSignal): Promise<boolean> {
  const first = await head(url, {}, signal)
  const challenge = first.headers.get('www-authenticate')
  const answer =
    first.status === 401 && challenge !== null
      ? await head(url, { authorization: `Bearer ${await tokenFor(challenge, signal)}` }, signal)
      : first
  if (answer.ok) return true
  if (answer.status === 404) return false
  throw new Error(`The registry answered ${answer.status}`)
}

const head = (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> =>
  fetch(url, { method: 'HEAD', headers: { accept: manifestTypes, ...headers }, signal })

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** Whoever asks for public images gets a token without a name: `Bearer realm="...",service="...",scope="..."`. */
async function tokenFor(challenge: string, signal: AbortSignal): Promise<string> {
  const said = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )
  const url = new URL(said.realm ?? '')
  for (const name of ['service', 'scope'])
    if (said[name] !== undefined) url.searchParams.set(name, said[name])
  const answer = (await (await fetch(url, { signal })).json()) as { token?: string; access_token?: string }
  return answer.token ?? answer.access_token ?? ''
}
