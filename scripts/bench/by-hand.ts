import { once } from 'node:events'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { execa } from 'execa'
import { appPort } from './bench-app.ts'
import { firstAnswer } from './first-answer.ts'

/**
 * The steps of a deploy as one types them: a build from `git archive`, `docker run`, the first answer. What runs is
 * removed behind each measurement, and the images on dispose.
 */
export type ByHand = AsyncDisposable & {
  /** Builds the checkout in `repository` with the legacy builder, starts it and returns with its answer of `text`. */
  legacy(repository: string, text: string): Promise<void>
  /** The same with BuildKit, which the docker client without buildx reaches only through the API. */
  buildKit(repository: string, text: string): Promise<void>
  /** A container start of `image`, up to its answer of `text`; bare but for `words` of `docker run`. */
  start(image: string, text: string, words?: readonly string[]): Promise<void>
  /** Makes a network and returns its name. */
  network(): Promise<string>
  /** Builds an image that stays for `start`. */
  image(repository: string): Promise<string>
  /** Removes the containers that were started since. */
  clear(): Promise<void>
}

/** @param name in the names of all that it makes */
export function byHand(name: string, socket: string): ByHand {
  const images = new Set<string>()
  const networks: string[] = []
  let running: string[] = []
  let count = 0

  const newImage = (): string => {
    const image = `${name}:${++count}`
    images.add(image)
    return image
  }
  const buildKit = async (repository: string, image: string): Promise<void> => {
    const url = `http://docker/build?version=2&dockerfile=Dockerfile&t=${encodeURIComponent(image)}`
    const upload = [
      '--silent',
      '--fail',
      '--unix-socket',
      socket,
      '--header',
      'Content-Type: application/x-tar',
    ]
    await piped(repository, ['curl', ...upload, '--request', 'POST', '--data-binary', '@-', url])
  }
  const start: ByHand['start'] = async (image, text, words = []) => {
    const { stdout: id } = await execa('docker', ['run', '--detach', ...words, image])
    running.push(id)
    const address = await addressOf(socket, id)
    await firstAnswer({ address, port: appPort, host: address }, text)
  }
  const clear = async (): Promise<void> => {
    if (running.length > 0) await execa('docker', ['rm', '--force', ...running])
    running = []
  }
  return {
    start,
    clear,
    async legacy(repository, text) {
      const image = newImage()
      await piped(repository, ['docker', 'build', '--quiet', '--tag', image, '-'])
      await start(image, text)
    },
    async buildKit(repository, text) {
      const image = newImage()
      await buildKit(repository, image)
      await start(image, text)
    },
    async image(repository) {
      const image = newImage()
      await buildKit(repository, image)
      return image
    },
    async network() {
      await execa('docker', ['network', 'create', name])
      networks.push(name)
      return name
    },
    async [Symbol.asyncDispose]() {
      await clear()
      if (networks.length > 0) await execa('docker', ['network', 'rm', ...networks])
      if (images.size > 0) await execa('docker', ['rmi', '--force', ...images], { reject: false })
    },
  }
}

/** `git archive HEAD | COMMAND` */
async function piped(repository: string, command: readonly string[]): Promise<void> {
  const { stdout } = await execa('sh', ['-c', 'git archive HEAD | "$@"', 'sh', ...command], {
    cwd: repository,
    env: { DOCKER_BUILDKIT: '0' },
    stdin: 'ignore',
  })
  if (stdout.includes('"error"')) throw new Error(stdout)
}

/** Asked through the socket: the client's own start would cost more than the question. */
async function addressOf(socket: string, id: string): Promise<string> {
  const asked = request({ socketPath: socket, path: `/containers/${id}/json`, agent: false })
  asked.end()
  const [answer] = await once(asked, 'response')
  const found = (await json(answer)) as Inspected
  return Object.values(found.NetworkSettings.Networks)[0]?.IPAddress ?? ''
}

type Inspected = { NetworkSettings: { Networks: Record<string, { IPAddress: string }> } }
