import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { authorities, type BaseImage } from '../../scripts/base-image.ts'
import { pythonVersion } from './python-version.ts'

/** Debian's Python, with what a virtual environment and its pip are made of. */
export default {
  tag: `paas/python:${pythonVersion}`,
  revision: 1,
  user: 'python',
  // Wheels of native code count on the C++ library; time zones and kinds of files are read from the system.
  packages: ['python3', 'python3-venv', 'libstdc++6', 'libgcc-s1', 'tzdata', 'media-types'],
  changes: [
    // The machine may stand behind a proxy with an authority of its own.
    `ENV SSL_CERT_FILE=${authorities} PIP_CERT=${authorities} REQUESTS_CA_BUNDLE=${authorities}`,
    'ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1',
    'WORKDIR /app',
    'CMD ["python3"]',
  ],
  async complete(root) {
    for (const path of ['usr/share/perl', 'usr/share/debconf', 'var/lib/dpkg', 'usr/share/pixmaps']) {
      await rm(join(root, path), { recursive: true, force: true })
    }
    await compile(root)
  },
} satisfies BaseImage

/** As the packages' scripts would: without it each start would compile the standard library anew. */
async function compile(root: string): Promise<void> {
  const libraries = join(root, 'usr/lib', (await readdir(join(root, 'usr/lib'))).find(isTriplet) ?? '')
  const loader = (await readdir(libraries)).find((name) => /^ld-linux.*\.so\.\d$/.test(name)) ?? ''
  const python = join(root, `usr/bin/python${pythonVersion}`)
  const standard = join(root, `usr/lib/python${pythonVersion}`)
  // Python's own test programs are wrong on purpose.
  const words = ['-m', 'compileall', '-q', '-s', root, '-x', '/(test|tests|lib2to3)/', standard]
  await execa({ env: { PYTHONHOME: join(root, 'usr') } })(join(libraries, loader), [
    '--library-path',
    libraries,
    python,
    ...words,
  ])
}

const isTriplet = (name: string): boolean => name.endsWith('-linux-gnu')
