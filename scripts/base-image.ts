import { chmod, copyFile, mkdir, mkdtempDisposable, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { UnavailableError } from '../server/errors.ts'

/** What a buildpack's `base-image.ts` exports by default: an image that its Dockerfiles begin with. */
export type BaseImage = {
  /** `paas/NAME:VERSION`; nobody else's image is ever pulled by such a name. */
  readonly tag: string
  /** To be raised with each change, so that machines which have an older one make it anew. */
  readonly revision: number
  /** Who apps run as, with the id 1000. */
  readonly user: string
  /** Of Debian; what they depend on comes along, and busybox for everything else. Their scripts do not run. */
  readonly packages: readonly string[]
  /** The C library's character tables are wanted (iconv): 8 MB that are otherwise left out. */
  readonly characterTables?: boolean
  /** Instructions of a Dockerfile, on top of the files. */
  readonly changes: readonly string[]
  /** Does what the packages' scripts would have done, and adds what is not a package. */
  readonly complete?: (root: string, scratch: string) => Promise<void>
}

/** Where the machine's certificate authorities are in every base image: it may stand behind a proxy with its own. */
export const authorities = '/etc/ssl/certs/ca-certificates.crt'

/** Makes `image` from Debian's packages, without an image registry. Throws `UnavailableError` where they cannot be had. */
export async function makeBaseImage(image: BaseImage, dockerHost: string): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'paas-image-'))
  const root = join(folder.path, 'root')
  await makeRoot(root, image.user)
  await unpack(image, root, join(folder.path, 'packages'))
  await linkApplets(root)
  await addAuthorities(root)
  await image.complete?.(root, folder.path)
  const archive = join(folder.path, 'root.tar')
  await execa('tar', ['-C', root, '--numeric-owner', '--owner=0', '--group=0', '-cf', archive, '.'])
  const changes = [`LABEL ${revisionLabel}=${image.revision}`, `ENV PATH=${path}`, ...image.changes]
  const words = ['import', ...changes.flatMap((change) => ['--change', change]), archive, image.tag]
  await execa({ env: { DOCKER_HOST: dockerHost } })('docker', words)
}

export const revisionLabel = 'paas.base'

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The folders and files that Debian's packages expect to be there. */
async function makeRoot(root: string, user: string): Promise<void> {
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
    await mkdir(join(root, 'usr', name), { recursive: true })
    await symlink(`usr/${name}`, join(root, name))
  }
  for (const name of ['etc', 'root', 'tmp', 'var/tmp', 'app'])
    await mkdir(join(root, name), { recursive: true })
  for (const name of ['tmp', 'var/tmp']) await chmod(join(root, name), 0o1777)
  await chmod(join(root, 'root'), 0o700)
  await writeFile(
    join(root, 'etc/passwd'),
    `root:x:0:0:root:/root:/bin/sh\n${user}:x:1000:1000::/app:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n`,
  )
  await writeFile(join(root, 'etc/group'), `root:x:0:\n${user}:x:1000:\nnogroup:x:65534:\n`)
}

/** What the packages would install into `root`, without documentation, translations and, mostly, character tables. */
async function unpack(image: BaseImage, root: string, archives: string): Promise<void> {
  await download(['busybox-static', ...image.packages], archives)
  const unwanted = image.characterTables ? leftOut : [...leftOut, ...characterTables]
  for (const archive of (await readdir(archives)).filter((name) => name.endsWith('.deb'))) {
    const contents = join(archives, `${archive}.tar`)
    await execa({ stdout: { file: contents } })('dpkg-deb', ['--fsys-tarfile', join(archives, archive)])
    // lib and bin are links in `root`, and must stay so.
    const flags = ['--keep-directory-symlink', ...unwanted.map((name) => `--exclude=${name}`)]
    await execa('tar', ['-C', root, ...flags, '-xf', contents])
  }
  await rm(archives, { recursive: true })
}

const leftOut = [
  ...['doc', 'man', 'info', 'locale', 'lintian', 'bug', 'perl5', 'bash-completion'].map(
    (name) => `./usr/share/${name}`,
  ),
  './usr/lib/*/perl*',
  './lib/systemd',
  './usr/lib/systemd',
]

const characterTables = ['./usr/lib/*/gconv', './lib/*/gconv']

/** With an empty list of what is installed, apt brings all that a package depends on. */
async function download(packages: readonly string[], archives: string): Promise<void> {
  await mkdir(join(archives, 'partial'), { recursive: true })
  const options = [
    'Dir::State::status=/dev/null',
    `Dir::Cache::archives=${archives}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option])
  const words = ['install', '--download-only', '--yes', '--quiet', '--no-install-recommends', ...packages]
  const { failed, stderr } = await execa({ reject: false })('apt-get', [...options, ...words])
  if (!failed) return
  throw new UnavailableError(`Debian's packages cannot be had: ${stderr.trim().split('\n').at(-1)}`, {
    next: 'If apt has never been updated here: apt-get update',
  })
}

async function linkApplets(root: string): Promise<void> {
  const { stdout } = await execa(join(root, 'bin/busybox'), ['--list-full'])
  for (const applet of stdout.split('\n')) {
    const file = join(root, applet)
    await mkdir(dirname(file), { recursive: true })
    await symlink('/bin/busybox', file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

async function addAuthorities(root: string): Promise<void> {
  await mkdir(join(root, dirname(authorities)), { recursive: true })
  await copyFile(authorities, join(root, authorities))
}
