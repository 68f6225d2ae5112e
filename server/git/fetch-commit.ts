import { text } from 'node:stream/consumers'
import { UserError } from '../errors.ts'
import { exitOf, type GitProcess, startGit } from './git.ts'
import { resolve } from './refs.ts'

/** Another's repository on the web. */
export type Remote = {
  readonly url: URL
  /** Where its host is: git asks no name server for it. */
  readonly addresses: readonly string[]
  readonly authorization: string | undefined
}

const mostListBytes = 1024 * 1024
const mostPackBytes = 2 * 1024 ** 3
const deadlineMs = 15 * 60_000

/**
 * The commit that a branch, tag or commit name stands for at a remote; without a name its HEAD. Throws `UserError`
 * where there is none, or the remote cannot be read without a person at a prompt.
 */
export async function remoteCommit(
  repository: string,
  remote: Remote,
  { name, signal }: { readonly name: string | undefined; readonly signal: AbortSignal },
): Promise<string> {
  if (name !== undefined && /^[0-9a-f]{40}$/.test(name)) return name
  const wanted = name === undefined ? ['HEAD'] : [`refs/heads/${name}`, `refs/tags/${name}`]
  const child = startRemote(
    repository,
    remote,
    ['ls-remote', '--end-of-options', remote.url.href, ...wanted],
    signal,
  )
  let list = ''
  for await (const chunk of child.stdout) {
    list += String(chunk)
    if (list.length > mostListBytes) break
  }
  await endOf(child, remote, signal)
  const refs = new Map(list.split('\n').map((line) => line.split('\t').reverse() as [string, string]))
  const found = wanted.map((ref) => refs.get(ref)).find((commit) => commit !== undefined)
  if (found !== undefined && /^[0-9a-f]{40}$/.test(found)) return found
  throw new UserError(`${remote.url.host} has no ${name ?? 'HEAD'} there`, {
    next: 'Name one of its branches, tags or commits: git:sync URL main',
  })
}

/**
 * Brings a commit of a remote with all that it stands on; no ref of ours moves. To be called within a visit. Returns
 * the commit; of an annotated tag the one that it names.
 */
export async function fetchCommit(
  repository: string,
  remote: Remote,
  { object, signal }: { readonly object: string; readonly signal: AbortSignal },
): Promise<string> {
  const quiet = [
    '--quiet',
    '--no-tags',
    '--no-recurse-submodules',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
  ]
  const words = ['fetch', ...quiet, '--end-of-options', remote.url.href, object]
  const child = startRemote(repository, remote, words, signal)
  child.stdout.resume()
  await endOf(child, remote, signal)
  const commit = await resolve(repository, object)
  if (commit !== undefined) return commit
  throw new UserError(`${object.slice(0, 8)} is no commit`, { next: 'Name a branch: git:sync URL main' })
}

/** git follows no redirect, connects to no other address and asks nobody for a login. */
function startRemote(
  repository: string,
  { url, addresses, authorization }: Remote,
  words: readonly string[],
  signal: AbortSignal,
): GitProcess {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const settings = [
    'http.followRedirects=false',
    `http.curloptResolve=${url.hostname.replace(/^\[|\]$/g, '')}:${port}:${addresses.join(',')}`,
    'http.proxy=',
    'http.lowSpeedLimit=100',
    'http.lowSpeedTime=30',
    'credential.helper=',
    'core.askPass=true',
  ]
  return startGit(repository, [...settings.flatMap((setting) => ['-c', setting]), ...words], {
    outside: true,
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
    cpuSeconds: 600,
    fileBytes: mostPackBytes,
    ...(authorization === undefined
      ? {}
      : { secrets: { 'http.extraHeader': `Authorization: ${authorization}` } }),
  })
}

async function endOf(child: GitProcess, { url }: Remote, signal: AbortSignal): Promise<void> {
  child.stdin.end()
  const [code, error] = await Promise.all([exitOf(child), text(child.stderr)])
  signal.throwIfAborted()
  if (code === 0) return
  const where = `${url.host}${url.pathname}`
  if (/could not read (Username|Password)|Authentication failed|returned error: 40[13]/.test(error))
    throw new UserError(`${where} wants to know who asks, or is not there`, {
      next: 'With a token that may read it: git:sync https://USER:TOKEN@HOST/PATH',
    })
  const lines = error.split('\n').filter((line) => /^(fatal|error): /.test(line))
  throw new UserError(
    `${where} cannot be fetched: ${(lines.at(-1) ?? '').replace(/^\w+: /, '') || `git was ended at a limit: ${deadlineMs / 60_000} minutes, or ${mostPackBytes / 1024 ** 3} GiB`}`,
    {
      next: 'Correct address and branch: git:sync https://HOST/PATH main',
    },
  )
}
