import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../server/errors.ts'
import { type BaseImage, makeBaseImage, revisionLabel } from './base-image.ts'
import { say } from './say.ts'

const folder = join(import.meta.dirname, '..', 'buildpacks')

/**
 * Makes what is missing of the base images: of all buildpacks, or of those `named` (`node`) alone, and `busybox`, on
 * which the examples and tests build. Takes one look at Docker where all are there.
 */
export async function ensureBaseImages(
  dockerHost: string,
  named: readonly string[] | undefined = undefined,
): Promise<void> {
  const images = await loadBaseImages()
  const unknown = named?.find((name) => !images.has(name))
  if (unknown !== undefined) {
    throw new UserError(`There is no base image "${unknown}"`, {
      next: `There are: ${[...images.keys()].join(', ')}`,
    })
  }
  const wanted = [...images].flatMap(([name, image]) => (named?.includes(name) === false ? [] : [image]))
  const present = await current(dockerHost, wanted)
  for (const image of wanted.filter((each) => !present.has(each))) {
    say.step(`Making the base image ${image.tag}`)
    await makeBaseImage(image, dockerHost)
  }
}

async function loadBaseImages(): Promise<ReadonlyMap<string, BaseImage>> {
  const names = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'base-image.ts')))
    .sort()
  const modules = await Promise.all(
    names.map((name) => import(join(folder, name, 'base-image.ts')) as Promise<{ default: BaseImage }>),
  )
  const found = modules.map(({ default: image }, index): [string, BaseImage] => [names[index] ?? '', image])
  return new Map([['busybox', busybox], ...found])
}

const busybox: BaseImage = {
  tag: 'paas/busybox:latest',
  revision: 2,
  user: 'app',
  packages: [],
  changes: ['CMD ["sh"]'],
}

/** Those of `images` that are there as they are described today. */
async function current(dockerHost: string, images: readonly BaseImage[]): Promise<ReadonlySet<BaseImage>> {
  const format = `{{json .RepoTags}} {{index .Config.Labels "${revisionLabel}"}}`
  const tags = images.map(({ tag }) => tag)
  // It fails for those that are missing, and prints the others.
  const { stdout } = await execa('docker', ['image', 'inspect', '--format', format, ...tags], {
    env: { DOCKER_HOST: dockerHost },
    reject: false,
  })
  const lines = stdout.split('\n')
  return new Set(
    images.filter(({ tag, revision }) =>
      lines.some((line) => line.includes(`"${tag}"`) && line.endsWith(`] ${revision}`)),
    ),
  )
}
