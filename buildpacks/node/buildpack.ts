import type { BuildPlan, Buildpack, BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { planSite } from '../static/site.ts'
import { nodeDockerfile } from './dockerfile.ts'
import { findManifests } from './manifests.ts'
import { baseNode, chooseNode } from './node-version.ts'
import { type PackageJson, parsePackageJson } from './package-json.ts'
import { choosePackageManager, type PackageManager } from './package-manager.ts'
import { chooseStart } from './start-command.ts'

export default {
  name: 'Node.js',
  order: 50,
  looksFor: ['package.json'],
  recognises: (tree) => tree.files.has('package.json'),
  plan,
} satisfies Buildpack

async function plan(tree: SourceTree, settings: BuildSettings): Promise<BuildPlan> {
  const manifest = parsePackageJson((await tree.read('package.json')) ?? '')
  const node = await chooseNode(manifest.nodeRange, settings)
  const [manager, manifests] = await Promise.all([
    choosePackageManager(tree, manifest, node),
    findManifests(tree, manifest),
  ])
  const buildScript = ['heroku-postbuild', 'build'].find((name) => manifest.scripts[name] !== undefined)
  const buildsWithAll = buildScript !== undefined || manifests.hasScripts
  const makesSite = settings.procfile === undefined && buildScript !== undefined && isSite(tree, settings)
  const site = makesSite ? await planSite(tree, settings, 'build') : undefined
  const start = site ?? chooseStart(tree, manifest, settings, manager.name)
  return {
    dockerfile: nodeDockerfile({
      node,
      manager,
      manifests: manifests.folders,
      buildsWithAll,
      buildScripts: buildScript === undefined ? [] : [buildScript],
      registry: settings.npmRegistry,
      installArgs: await namedInSettings(tree, settings.config),
      buildArgs: buildsWithAll ? Object.keys(settings.config).filter(mayBeArgument) : [],
      cacheKey: settings.cacheKey,
      packageVariables: packageVariables(manifest),
      lastStage: site?.stage,
    }),
    files: site?.files ?? [],
    processes: start.processes,
    notes: [
      nodeNote(node, manifest),
      installNote(manager),
      ...(manifests.note === undefined ? [] : [manifests.note]),
      ...(buildScript === undefined ? [] : [buildNote(manager, buildScript, site !== undefined)]),
      ...(hasCommittedModules(tree)
        ? ['node_modules of the commit is left out: git rm -r --cached node_modules']
        : []),
      ...start.notes,
    ],
    ignore: ['**/node_modules', '**/npm-debug.log'],
  }
}

/** What the build script makes is served as it is: `STATIC_ROOT` or a static.json says so. */
const isSite = (tree: SourceTree, { config }: BuildSettings): boolean =>
  config.STATIC_ROOT !== undefined || tree.files.has('static.json')

function nodeNote(node: string, { nodeRange }: PackageJson): string {
  if (nodeRange !== undefined) return `Node.js ${node} (engines.node: ${nodeRange.replace(/\s+/g, ' ')})`
  return `Node.js ${baseNode}; to choose another: "engines": {"node": "22.x"} in package.json`
}

function installNote({ name, tool, lockfile }: PackageManager): string {
  return lockfile === undefined
    ? 'No dependencies, nothing to install'
    : `Dependencies by ${tool?.replace(/^.*\//, '').replace('cli-dist', name) ?? name} from ${lockfile}`
}

function buildNote({ name, prune }: PackageManager, script: string, isSite: boolean): string {
  if (isSite) return `${name} run ${script} makes the site`
  const rest = prune === undefined ? 'devDependencies stay' : 'devDependencies are taken out afterwards'
  return `${name} run ${script}; ${rest}`
}

/** Config vars that `.npmrc` and `.yarnrc.yml` mention: `${NPM_TOKEN}` */
async function namedInSettings(
  tree: SourceTree,
  config: BuildSettings['config'],
): Promise<readonly string[]> {
  const texts = await Promise.all(['.npmrc', '.yarnrc.yml'].map((path) => tree.read(path)))
  const names = texts.flatMap((text) =>
    [...(text ?? '').matchAll(/\$\{([A-Za-z_]\w*)/g)].map((match) => match[1] ?? ''),
  )
  return [...new Set(names)].filter((name) => Object.hasOwn(config, name) && mayBeArgument(name))
}

/** Not those that would change what the Dockerfile itself says. */
const mayBeArgument = (name: string): boolean =>
  /^[A-Za-z_]\w*$/.test(name) &&
  !['PATH', 'HOME', 'USER', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS', 'PORT'].includes(name)

/** What programs read of npm's environment, since npm does not start them. */
function packageVariables({ name, version }: PackageJson): Record<string, string> {
  const isPlain = (value: string | undefined): value is string => /^[\w@./+-]{1,200}$/.test(value ?? '')
  return {
    ...(isPlain(name) ? { npm_package_name: name } : {}),
    ...(isPlain(version) ? { npm_package_version: version } : {}),
  }
}

const hasCommittedModules = ({ files }: SourceTree): boolean =>
  [...files.keys()].some((path) => path.startsWith('node_modules/'))
