import { expect, test } from 'vitest'
import { parseAppManifest } from '../../server/backup/app-manifest.ts'

const good = {
  format: 1,
  app: 'blog',
  config: { A: 'one' },
  formation: { web: 2 },
  port: null,
  builder: { buildDir: null, dockerfilePath: null, selected: null },
  resources: {
    web: { limit: { cpus: 0.5, memoryBytes: 64 * 1024 ** 2 }, reserve: { cpus: null, memoryBytes: null } },
  },
  deployBranch: 'main',
  domains: ['www.blog.example'],
  refs: { 'refs/heads/main': 'a'.repeat(40) },
  release: { version: 3, commit: 'a'.repeat(40) },
  volumes: ['uploads'],
  mounts: [{ volume: 'uploads', directory: '/www/uploads', process: null }],
  databases: [{ kind: 'mysql', name: 'blog', alias: 'BLOG' }],
}

test('what an app can be is taken as it is', () => {
  expect(parseAppManifest(JSON.stringify(good))).toEqual(good)
})

test.each([
  ['no JSON', 'hello', 'does not begin as that of an app does'],
  ['of another kind', '{"format":1,"instance":"x"}', 'does not begin as that of an app does'],
  ['of a later version', { ...good, format: 2 }, 'of a newer version of this server'],
  ['a name that no config var has', { ...good, config: { 'A-B': '' } }, 'cannot be a config var'],
  ['a value that is no text', { ...good, config: { A: 1 } }, 'what it says of config cannot be'],
  ['a thousand processes', { ...good, formation: { web: 1_000 } }, 'what it says of formation cannot be'],
  ['a ref elsewhere', { ...good, refs: { 'refs/paas/x': 'a'.repeat(40) } }, 'what it says of refs cannot be'],
  ['an option as a ref', { ...good, refs: { 'refs/heads/a': '--all' } }, 'what it says of refs cannot be'],
  ['a volume elsewhere', { ...good, volumes: ['../x'], mounts: [] }, "cannot be a volume's name"],
  ['a mount of what is not there', { ...good, volumes: [] }, 'what it says of mounts cannot be'],
  [
    'a mount over the system',
    { ...good, mounts: [{ volume: 'uploads', directory: '../..', process: null }] },
    'cannot be a place in the container',
  ],
  [
    'a folder outside of the tree',
    { ...good, builder: { ...good.builder, buildDir: '../..' } },
    'what it says of builder cannot be',
  ],
  [
    'memory without end',
    { ...good, resources: { web: { limit: { memoryBytes: 1e30 }, reserve: {} } } },
    'what it says of resources cannot be',
  ],
  [
    'an alias that is none',
    { ...good, databases: [{ kind: 'mysql', name: 'blog', alias: 'a`b' }] },
    'databases',
  ],
])('%s is refused', (_, manifest, words) => {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  expect(() => parseAppManifest(text)).toThrow(words)
})
