import { major, satisfies, valid } from 'semver'
import type { SourceTree } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'
import type { PackageJson } from './package-json.ts'

/** How an app's dependencies are installed. */
export type PackageManager = {
  readonly name: 'npm' | 'pnpm' | 'yarn'
  /** Undefined: nothing has to be installed. */
  readonly lockfile: string | undefined
  /** As npm installs it: `pnpm@10.34.9`; undefined: the base image's npm. */
  readonly tool: string | undefined
  readonly install: { readonly all: string; readonly production: string }
  /** Takes devDependencies out again; undefined: it cannot. */
  readonly prune: string | undefined
}

/** Where commands keep what they have fetched; a mount, so that it is no part of the image. */
export const cacheFolder = '/var/cache/packages'

/** By lockfile, and by `packageManager` where there is one. Throws `UserError` where there is none, or two. */
export async function choosePackageManager(
  tree: SourceTree,
  manifest: PackageJson,
  node: string,
): Promise<PackageManager> {
  const asked = askedFor(manifest)
  const lockfile = chooseLockfile(tree, manifest, asked?.name)
  if (lockfile === undefined) return { ...npm(asked?.version, node), lockfile: undefined }
  const name = managers[lockfile] ?? 'npm'
  const version = asked?.version
  if (name === 'npm') return { ...npm(version, node), lockfile }
  const text = (await tree.readStart(lockfile)) ?? ''
  if (name === 'pnpm') return { ...pnpm(version ?? pnpmFor(text)), lockfile }
  return { ...yarn(version ?? yarnFor(text)), lockfile }
}

const managers: Readonly<Record<string, PackageManager['name']>> = {
  'package-lock.json': 'npm',
  'npm-shrinkwrap.json': 'npm',
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
}

type Asked = { readonly name: PackageManager['name']; readonly version: string }

function askedFor({ packageManager }: PackageJson): Asked | undefined {
  if (packageManager === undefined) return undefined
  const [, name, version] = /^(npm|pnpm|yarn)@([^+]+)(\+.*)?$/.exec(packageManager) ?? []
  if (name && version && valid(version) === version) return { name: name as Asked['name'], version }
  throw new UserError(
    `packageManager in package.json is not understood: ${JSON.stringify(packageManager.slice(0, 60))}`,
    {
      next: 'Write npm, pnpm or yarn and an exact version: "packageManager": "pnpm@10.34.9"',
    },
  )
}

function chooseLockfile(
  tree: SourceTree,
  manifest: PackageJson,
  asked: PackageManager['name'] | undefined,
): string | undefined {
  const there = Object.keys(managers).filter((file) => tree.files.has(file))
  const fitting = asked === undefined ? there : there.filter((file) => managers[file] === asked)
  const first = fitting[0]
  if (first !== undefined && new Set(fitting.map((file) => managers[file])).size === 1) return first
  if (first !== undefined) {
    throw new UserError(`There are several lockfiles: ${fitting.join(', ')}`, {
      next: `Keep the one that you use: git rm ${fitting.slice(1).join(' ')} && git commit -m "One lockfile"`,
    })
  }
  if (manifest.dependencies.length === 0 && !manifest.hasWorkspaces) return undefined
  throw noLockfile(asked ?? 'npm')
}

function noLockfile(name: PackageManager['name']): UserError {
  const file = Object.keys(managers).find((each) => managers[each] === name)
  return new UserError(
    `There is no ${file} beside package.json: every build would bring other versions of the dependencies`,
    { next: `${name} install && git add ${file} && git commit -m "Add the lockfile", then push again` },
  )
}

function npm(asked: string | undefined, node: string): Omit<PackageManager, 'lockfile'> {
  const version = asked ?? npmFor(node)
  const quiet = `--no-audit --no-fund --cache=${cacheFolder}`
  return {
    name: 'npm',
    tool: version && `npm@${version}`,
    install: { all: `npm ci --include=dev ${quiet}`, production: `npm ci --omit=dev ${quiet}` },
    prune: `npm prune --omit=dev --ignore-scripts ${quiet}`,
  }
}

/** Undefined: the base image's. */
function npmFor(node: string): string | undefined {
  if (satisfies(node, '^20.17 || >=22.9')) return undefined
  if (satisfies(node, '^18.17 || >=20.5')) return '10.9.9'
  return satisfies(node, '^14.17 || ^16.13 || >=18') ? '9.9.4' : '8.19.4'
}

function pnpm(version: string): Omit<PackageManager, 'lockfile'> {
  const install = `pnpm install --frozen-lockfile --config.store-dir=${cacheFolder}/store`
  return {
    name: 'pnpm',
    tool: `pnpm@${version}`,
    install: { all: `${install} --prod=false`, production: `${install} --prod` },
    prune: `CI=true pnpm prune --prod --ignore-scripts --config.store-dir=${cacheFolder}/store`,
  }
}

function pnpmFor(lockfile: string): string {
  const format = Number(/^lockfileVersion: '?(\d+)/m.exec(lockfile)?.[1] ?? 9)
  if (format <= 5) return '7.33.7'
  return format < 9 ? '8.15.9' : '10.34.9'
}

function yarn(version: string): Omit<PackageManager, 'lockfile'> {
  return major(version) === 1 ? classicYarn(version) : modernYarn(version)
}

function classicYarn(version: string): Omit<PackageManager, 'lockfile'> {
  const install = `yarn install --frozen-lockfile --non-interactive --cache-folder=${cacheFolder}`
  return {
    name: 'yarn',
    tool: `yarn@${version}`,
    install: { all: `${install} --production=false`, production: `${install} --production=true` },
    prune: `${install} --production=true --ignore-scripts --offline`,
  }
}

function modernYarn(version: string): Omit<PackageManager, 'lockfile'> {
  const settings = `YARN_NODE_LINKER=node-modules YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_GLOBAL_CACHE=1 YARN_GLOBAL_FOLDER=${cacheFolder}`
  const all = `${settings} yarn install --immutable`
  // Only yarn 4 has it without a plugin.
  const production = major(version) < 4 ? undefined : `${settings} yarn workspaces focus --all --production`
  return {
    name: 'yarn',
    tool: `@yarnpkg/cli-dist@${version}`,
    install: { all, production: production ?? all },
    prune: production,
  }
}

function yarnFor(lockfile: string): string {
  if (!/^__metadata:/m.test(lockfile)) return '1.22.22'
  return Number(/^ {2}version: (\d+)/m.exec(lockfile)?.[1] ?? 8) >= 8 ? '4.18.1' : '3.8.7'
}
