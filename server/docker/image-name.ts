import { UsageError } from '../errors.ts'

/** `nginx` -> `nginx:latest`: an image's full name, which is never taken for an id. Throws `UsageError`. */
export function parseImageName(word: string): string {
  const [, repository = '', tag, digest] =
    /^((?:[\w.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:[./]|__?|-+)[a-z0-9]+)*)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(
      word,
    ) ?? []
  // Of `sha256:...` the engine knows every image by its id.
  if (repository === '' || repository === 'sha256' || repository.length > 255)
    throw new UsageError(`"${word.slice(0, 80)}" is not an image's name`, {
      next: 'For instance: nginx:1.27, or registry.example.com/team/blog:v3',
    })
  return digest === undefined ? `${repository}:${tag ?? 'latest'}` : word
}
