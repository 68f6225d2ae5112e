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
  settings: {
    routes: {
      redirect: true,
      bodyLimitBytes: 1_000_000,
      timeLimitMs: null,
      rateLimit: 100,
      sticky: false,
      gzip: true,
      errorPage: '<p>broken</p>',
    },
    redirects: { '/old': '/new' },
    visitors: ['ada'],
    maintenancePage: null,
    checks: {
      waitToRetireMs: 30_000,
      waitMs: null,
      timeoutMs: null,
      attempts: 5,
      modes: { '*': 'skipped' },
    },
    retention: { keep: 10, budgetBytes: null },
    logBytes: 1024 ** 2,
    onDisconnect: 'detach',
    autoscale: [{ process: 'web', least: 1, most: 5, measure: 'p95', threshold: 300 }],
  },
  webhooks: [{ url: 'https://example.com/hook', events: ['deploy-failed'], allowPrivate: false }],
  drains: [{ url: 'syslog://logs.example.com:514', allowPrivate: false }],
  links: [{ app: 'api', alias: 'API' }],
}
const { settings } = good

test('what an app can be is taken as it is', () => {
  expect(parseAppManifest(JSON.stringify(good))).toEqual(good)
})

test('an archive of before has none of what was not in it then', () => {
  const { settings: _, webhooks: __, drains: ___, links: ____, ...old } = good
  expect(parseAppManifest(JSON.stringify(old))).toEqual({
    ...old,
    ...{ settings: null, webhooks: [], drains: [], links: [] },
  })
  const {
    retention: _____,
    logBytes: ______,
    onDisconnect: _______,
    autoscale: ________,
    ...first
  } = settings
  expect(parseAppManifest(JSON.stringify({ ...good, settings: first })).settings).toEqual({
    ...first,
    ...{
      retention: { keep: null, budgetBytes: null },
      logBytes: null,
      onDisconnect: 'cancel',
      autoscale: [],
    },
  })
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
    'a redirect that is more than one',
    { ...good, settings: { ...settings, redirects: { '/a': '/b c' } } },
    'TARGET is another path',
  ],
  [
    'a path that HAProxy would take for more',
    { ...good, settings: { ...settings, redirects: { '/a\nb': '/c' } } },
    'PATH is one',
  ],
  [
    'a visitor without end',
    { ...good, settings: { ...settings, visitors: ['a:b'] } },
    'A visitor has a name',
  ],
  [
    'a rate that is none',
    { ...good, settings: { ...settings, routes: { ...settings.routes, rateLimit: '1|2' } } },
    'what it says of routes cannot be',
  ],
  [
    'a check mode that is none',
    { ...good, settings: { ...settings, checks: { ...settings.checks, modes: { web: 'off' } } } },
    'what it says of checks cannot be',
  ],
  [
    'a log without end',
    { ...good, settings: { ...settings, logBytes: 1e15 } },
    'what it says of logs cannot be',
  ],
  [
    'no image to go back to',
    { ...good, settings: { ...settings, retention: { keep: 1 } } },
    'what it says of releases cannot be',
  ],
  [
    'a thousand containers by themselves',
    { ...good, settings: { ...settings, autoscale: [{ ...settings.autoscale[0], most: 1_000 }] } },
    'what it says of autoscale cannot be',
  ],
  [
    'a worker scaled by requests',
    { ...good, settings: { ...settings, autoscale: [{ ...settings.autoscale[0], process: 'worker' }] } },
    'what it says of autoscale cannot be',
  ],
  [
    'a webhook that is none',
    { ...good, webhooks: [{ url: 'file:///etc/passwd', events: ['deploy-failed'] }] },
    'A webhook is an address',
  ],
  ['a drain that is none', { ...good, drains: [{ url: 'file:///etc' }] }, 'not where a log can be sent'],
  [
    'a link that is a database',
    { ...good, links: [{ app: 'api', alias: 'DATABASE' }] },
    'what it says of links',
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
