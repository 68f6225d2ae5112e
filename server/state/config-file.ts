import { isContainerPath } from '../docker/container-path.ts'
import { UserError } from '../errors.ts'

/** A config var that containers have as a file: its value in the environment is the path. */
export type ConfigFile = {
  /** In the container, such as `/run/secrets/google.json`. */
  readonly path: string
  /** Any bytes, as base64. */
  readonly content: string
}

/** A release keeps them, and so does the memory of the machine while one of its containers runs. */
const largestBytes = 256 * 1024

/** `content` as the file at `path`. Throws `UserError` where no container can have it. */
export function parseConfigFile(name: string, path: string, content: Buffer): ConfigFile {
  if (!isContainerPath(path)) {
    throw new UserError(`"${path.slice(0, 100)}" cannot be the path of a file in the container`, {
      next: `An absolute path: config:set --file /run/secrets/${name.toLowerCase()} ${name} - < FILE`,
    })
  }
  if (name === 'PORT') throw new UserError('PORT is a number, no file', { next: 'config:set PORT=5000' })
  if (content.length > largestBytes) {
    throw new UserError(`The file ${name} is larger than ${largestBytes / 1024} KiB`, {
      next: 'Put what is large and no secret into the repository, or on a volume: storage:create',
    })
  }
  return { path, content: content.toString('base64') }
}

export const contentOf = ({ content }: ConfigFile): Buffer => Buffer.from(content, 'base64')

export const sizeOf = (file: ConfigFile): number => Buffer.byteLength(file.content, 'base64')
