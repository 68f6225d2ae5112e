import { AppError } from '../errors.ts'
import type { FailedStep } from './build-progress.ts'

/** The pusher's words for BuildKit's `error`: the failed step, its exit code or reason, and its last lines. */
export function buildFailure(error: string, failed: FailedStep | undefined): AppError {
  const image = missingImage(error)
  const cause = new Error(error)
  if (image !== undefined)
    return new AppError(`Build failed: ${image}`, {
      next: 'Correct its name in the Dockerfile, or have it loaded on this server',
      cause,
    })
  // A step of BuildKit's own, such as reading the Dockerfile, says less than its reason.
  const step =
    failed === undefined || /^(\[internal\]|resolve image config)/.test(failed.name) ? undefined : failed
  const exit = /exit code: (\d+)/.exec(error)?.[1]
  const reason = exit === undefined ? readable(error) : `exit code ${exit}`
  const at = step === undefined ? '' : ` at ${step.name}`
  return new AppError(`Build failed${at}: ${reason}`, {
    lastLines: step?.lastLines ?? [],
    next: 'Correct it, commit and push again',
    cause,
  })
}

function missingImage(error: string): string | undefined {
  // A session is where BuildKit asks for a login.
  if (/no active sessions/.test(error))
    return 'A base image is not on this server, and its registry does not give it to everybody'
  const [, registry, path, tag] = /"https?:\/\/([^/"]+)\/v2\/([^"]+)\/manifests\/([^"]+)"/.exec(error) ?? []
  if (
    path !== undefined &&
    /dial tcp|no such host|i\/o timeout|deadline exceeded|connection refused|TLS handshake/.test(error)
  ) {
    const separator = tag?.includes(':') === true ? '@' : ':'
    const name = registry === 'registry-1.docker.io' ? path.replace(/^library\//, '') : `${registry}/${path}`
    return `The base image ${name}${separator}${tag} is not on this server and no registry answered`
  }
  // Without a colon in its name it is a file that COPY did not find.
  const unknown =
    /(?:^|\s)([^\s"]+:[^\s":]+): (?:not found$|pull access denied|.*repository does not exist)/.exec(
      error,
    )?.[1]
  if (unknown === undefined) return undefined
  return `The base image ${unknown.replace(/^docker\.io\/(library\/)?/, '')} is neither on this server nor in its registry`
}

function readable(error: string): string {
  return error
    .replace(
      /(failed to solve( with frontend \S+)?|failed to create LLB definition|rpc error: code = \w+ desc =):? /g,
      '',
    )
    .replace(/^failed to (read dockerfile|compute cache key|load cache key): /i, '')
    .replace(/^dockerfile parse error line (\d+): /i, 'Dockerfile line $1: ')
    .replace(
      /^open \S*?buildkit-mount\d+\/(.*): no such file or directory$/,
      'there is no $1 in what was pushed',
    )
    .replace(/\S*\/buildkit-mount\d+\//g, '')
    .replace(/: not found$/, '')
}
