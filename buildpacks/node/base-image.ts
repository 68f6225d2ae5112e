import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { authorities, type BaseImage } from '../../scripts/base-image.ts'

/** This checkout's own Node, and npm. */
export default {
  tag: 'paas/node:24',
  revision: 2,
  user: 'node',
  packages: ['libc6', 'libgcc-s1', 'libstdc++6'],
  changes: [`ENV NODE_EXTRA_CA_CERTS=${authorities}`, 'CMD ["node"]'],
  async complete(root, scratch) {
    await mkdir(join(root, 'usr/local/bin'), { recursive: true })
    await copyFile(process.execPath, join(root, 'usr/local/bin/node'))
    await chmod(join(root, 'usr/local/bin/node'), 0o755)
    await addNpm(root, scratch)
  },
} satisfies BaseImage

/** Node's npm package holds npm with everything it needs. */
async function addNpm(root: string, scratch: string): Promise<void> {
  const { stdout } = await execa({ cwd: scratch })('npm', ['pack', '--silent', 'npm@11.21.2'])
  const folder = join(root, 'usr/local/lib/node_modules/npm')
  await mkdir(folder, { recursive: true })
  const leftOut = ['docs', 'man'].map((name) => `--exclude=package/${name}`)
  await execa('tar', ['-xzf', join(scratch, stdout.trim()), '--strip-components=1', ...leftOut, '-C', folder])
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name))
  }
}
