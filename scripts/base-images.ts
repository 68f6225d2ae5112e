import { chmod, copyFile, mkdir, mkdtempDisposable, readdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { UnavailableError } from '../server/errors.ts'
import { say } from './say.ts'

/**
 * Makes `paas/busybox` and `paas/node:24` where they are missing: from Docker's registry where it answers, else from
 * Debian's packages and this checkout's own Node. The examples and tests build on them.
 */
export async function ensureBaseImages(dockerHost: string): Promise<void> {
  const docker = execa({ env: { DOCKER_HOST: dockerHost } })
  const exists = async (tag: string): Promise<boolean> =>
    !(await docker({ reject: false })('docker', ['image', 'inspect', '--format', '{{.Id}}', tag])).failed
  const missing: BaseImage[] = []
  for (const image of images) if (!(await exists(image.tag))) missing.push(image)
  if (missing.length === 0) return

  const fromRegistry = await registryAnswers()
  for (const image of missing) {
    say.step(`Making the base image ${image.tag}`)
    if (fromRegistry && (await pulled(image))) continue
    await using folder = await mkdtempDisposable(join(tmpdir(), 'paas-image-'))
    const root = join(folder.path, 'root')
    await image.fill(root, folder.path)
    const archive = join(folder.path, 'root.tar')
    await execa('tar', ['-C', root, '--numeric-owner', '--owner=0', '--group=0', '-cf', archive, '.'])
    const changes = ['LABEL paas.base=1', ...image.changes].flatMap((change) => ['--change', change])
    await docker('docker', ['import', ...changes, archive, image.tag])
  }

  async function pulled({ tag, upstream }: BaseImage): Promise<boolean> {
    const built = await docker({
      reject: false,
      input: `FROM ${upstream}\nLABEL paas.base=1\n`,
      timeout: pullMs,
    })('docker', ['build', '--tag', tag, '-'])
    if (built.failed) say.detail(`${upstream} could not be pulled; making it from Debian's packages`)
    return !built.failed
  }
}

const authorities = '/etc/ssl/certs/ca-certificates.crt'
const pullMs = 180_000

type BaseImage = {
  readonly tag: string
  readonly upstream: string
  /** Instructions of `docker import`. */
  readonly changes: readonly string[]
  /** Makes the folder `root` with the image's files; `scratch` is for whatever that takes. */
  readonly fill: (root: string, scratch: string) => Promise<void>
}

const images: readonly BaseImage[] = [
  {
    tag: 'paas/busybox',
    upstream: 'busybox:stable',
    changes: ['ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'CMD ["sh"]'],
    fill: fillBusybox,
  },
  {
    tag: 'paas/node:24',
    upstream: 'node:24-slim',
    changes: [
      'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      // A machine behind a proxy with an authority of its own: npm in a build must know it too.
      `ENV NODE_EXTRA_CA_CERTS=${authorities}`,
      'CMD ["node"]',
    ],
    fill: fillNode,
  },
]

async function fillBusybox(root: string, scratch: string): Promise<void> {
  await makeRoot(root)
  await unpack(['busybox-static'], root, scratch)
  await linkApplets(root)
}

async function fillNode(root: string, scratch: string): Promise<void> {
  await makeRoot(root)
  await unpack(['busybox-static', 'libc6', 'libgcc-s1', 'libstdc++6'], root, scratch)
  await linkApplets(root)
  await mkdir(join(root, dirname(authorities)), { recursive: true })
  await copyFile(authorities, join(root, authorities))
  await mkdir(join(root, 'usr/local/bin'), { recursive: true })
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'))
  await chmod(join(root, 'usr/local/bin/node'), 0o755)
  await addNpm(root, scratch)
}

async function registryAnswers(): Promise<boolean> {
  try {
    await fetch('https://registry-1.docker.io/v2/', { signal: AbortSignal.timeout(3_000) })
    return true
  } catch {
    return false
  }
}

/** The folders and files that Debian's packages expect to be there. */
async function makeRoot(root: string): Promise<void> {
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
    await mkdir(join(root, 'usr', name), { recursive: true })
    await symlink(`usr/${name}`, join(root, name))
  }
  for (const name of ['etc', 'root', 'tmp', 'var/tmp']) await mkdir(join(root, name), { recursive: true })
  for (const name of ['tmp', 'var/tmp']) await chmod(join(root, name), 0o1777)
  await chmod(join(root, 'root'), 0o700)
  await writeFile(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
  )
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n')
}

/** What the packages would install into `root`, without documentation, translations and character tables. */
async function unpack(packages: readonly string[], root: string, scratch: string): Promise<void> {
  const { failed, stderr } = await execa({ cwd: scratch, reject: false })('apt-get', [
    'download',
    ...packages,
  ])
  if (failed) {
    throw new UnavailableError(`Neither Docker's registry nor Debian's packages can be reached: ${stderr}`, {
      next: 'If apt has never been updated here: apt-get update',
    })
  }
  const archives = (await readdir(scratch)).filter((name) => name.endsWith('.deb'))
  for (const archive of archives) {
    const contents = join(scratch, `${archive}.tar`)
    await execa({ stdout: { file: contents } })('dpkg-deb', ['--fsys-tarfile', join(scratch, archive)])
    // lib and bin are links in `root`, and must stay so.
    const kept = ['--keep-directory-symlink', '--exclude=./usr/share', '--exclude=gconv']
    await execa('tar', ['-C', root, ...kept, '-xf', contents])
  }
}

async function linkApplets(root: string): Promise<void> {
  const { stdout } = await execa(join(root, 'bin/busybox'), ['--list-full'])
  for (const applet of stdout.split('\n')) {
    const path = join(root, applet)
    await mkdir(dirname(path), { recursive: true })
    await symlink('/bin/busybox', path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

/** Node's npm package holds npm with everything it needs. */
async function addNpm(root: string, scratch: string): Promise<void> {
  const { stdout } = await execa({ cwd: scratch })('npm', ['pack', '--silent', 'npm@11'])
  const folder = join(root, 'usr/local/lib/node_modules/npm')
  await mkdir(folder, { recursive: true })
  await execa('tar', ['-xzf', join(scratch, stdout.trim()), '--strip-components=1', '-C', folder])
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name))
  }
}
