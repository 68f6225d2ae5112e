import { baseNode, nodePackage } from './node-version.ts'
import { cacheFolder, type PackageManager } from './package-manager.ts'

export type DockerfileParts = {
  readonly node: string
  readonly manager: PackageManager
  /** Folder -> files that the install reads; undefined: the whole tree. */
  readonly manifests: ReadonlyMap<string, readonly string[]> | undefined
  /** Installed with devDependencies, which are taken out again before the app's image. */
  readonly buildsWithAll: boolean
  readonly buildScripts: readonly string[]
  readonly registry: string
  /** Config vars that the install reads, and those that the build script may. */
  readonly installArgs: readonly string[]
  readonly buildArgs: readonly string[]
  readonly cacheKey: string
  readonly packageVariables: Readonly<Record<string, string>>
  /** Instead of the app's own image: what is made from the folder `/app` of the stage `build`. */
  readonly lastStage: readonly string[] | undefined
}

/** The Dockerfile of a Node.js app; dependencies before everything that changes more often. */
export function nodeDockerfile(parts: DockerfileParts): string {
  const { manager, buildsWithAll, buildScripts } = parts
  const stages = buildsWithAll || parts.lastStage !== undefined
  const install = buildsWithAll ? manager.install.all : manager.install.production
  const lines = [
    ...base(parts, stages ? ' AS base' : ''),
    ...(stages ? ['', 'FROM base AS build'] : []),
    ...args(['NPM_CONFIG_REGISTRY', ...parts.installArgs], parts.registry),
    ...(parts.manifests === undefined
      ? [copyAll, ...args(parts.buildArgs)]
      : [...parts.manifests].map(([folder, files]) => copy(files, `./${folder}`))),
    ...(manager.lockfile === undefined ? [] : [run(parts, install)]),
    ...(parts.manifests === undefined ? [] : [copyAll, ...args(stages ? parts.buildArgs : [])]),
    'ENV PATH=/app/node_modules/.bin:$PATH',
    ...buildScripts.map((script) => `RUN ${manager.name} run ${script}`),
    ...(buildsWithAll &&
    manager.lockfile !== undefined &&
    manager.prune !== undefined &&
    parts.lastStage === undefined
      ? [run(parts, manager.prune)]
      : []),
    ...(stages ? ['', ...(parts.lastStage ?? appStage)] : []),
  ]
  const variables = Object.entries(parts.packageVariables).map(([name, value]) => `${name}=${value}`)
  if (parts.lastStage === undefined && variables.length > 0) lines.push(`ENV ${variables.join(' ')}`)
  return `${lines.join('\n')}\n`
}

const copyAll = 'COPY --chown=node:node . .'

const appStage = [
  'FROM base',
  'COPY --from=build --chown=node:node /app /app',
  'ENV PATH=/app/node_modules/.bin:$PATH',
]

function base({ node, manager, cacheKey, registry }: DockerfileParts, as: string): string[] {
  const tools = [
    ...(node === baseNode ? [] : [`${nodePackage}@${node}`]),
    ...(manager.tool === undefined || manager.lockfile === undefined ? [] : [manager.tool]),
  ]
  return [
    `FROM paas/node:24${as}`,
    'WORKDIR /app',
    'RUN chown node:node /app',
    'ENV NPM_CONFIG_UPDATE_NOTIFIER=false',
    ...(tools.length === 0
      ? []
      : [
          ...args(['NPM_CONFIG_REGISTRY'], registry),
          `RUN --mount=type=cache,id=${cacheKey}-tools,target=/root/.npm npm install --prefix=/opt/node --no-audit --no-fund ${tools.join(' ')}`,
          'ENV PATH=/opt/node/node_modules/.bin:$PATH',
        ]),
    'ENV NODE_ENV=production',
    'USER node',
  ]
}

function run({ cacheKey }: DockerfileParts, command: string): string {
  return `RUN --mount=type=cache,id=${cacheKey}-packages,target=${cacheFolder},uid=1000,gid=1000 ${command}`
}

function copy(files: readonly string[], to: string): string {
  return `COPY --chown=node:node ${files.join(' ')} ${to}`
}

/** The server's own registry is what NPM_CONFIG_REGISTRY is without a config var; npm's needs no mention. */
function args(names: readonly string[], registry?: string): string[] {
  return [...new Set(names)].map((name) =>
    name === 'NPM_CONFIG_REGISTRY' && registry !== undefined && !isNpms(registry)
      ? `ARG ${name}=${registry}`
      : `ARG ${name}`,
  )
}

const isNpms = (registry: string): boolean => /^https:\/\/registry\.npmjs\.org\/?$/.test(registry)
