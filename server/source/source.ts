import type { BuildPlan, Buildpack, SourceTree } from '../build/buildpack.ts'
import { loadBuildpacks } from '../build/buildpacks.ts'
import { UserError } from '../errors.ts'
import { readText } from '../git/source.ts'
import type { ConfigVars } from '../state/config.ts'
import type { Processes } from '../state/releases.ts'
import { type AppJson, parseAppJson } from './app-json.ts'
import { parseProcfile } from './procfile.ts'

/** What a pushed tree says about how it is built and run. */
export type Source = {
  readonly commit: string
  /** For the pusher: `its Dockerfile`, `the Node.js buildpack` */
  readonly how: string
  readonly notes: readonly string[]
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string
  /** Files that the context gets beside the tree's own: a buildpack's Dockerfile. */
  readonly added: readonly { readonly path: string; readonly content: string }[]
  /** Names that the Dockerfile declares as ARG: config fills these. */
  readonly buildArgs: readonly string[]
  readonly dockerignore: string | undefined
  readonly processes: Processes
  readonly appJson: AppJson | undefined
}

export type PushedTree = {
  readonly repository: string
  readonly commit: string
  readonly files: ReadonlyMap<string, number>
  readonly config: ConfigVars
}

const buildpackDockerfile = '.paas.Dockerfile'

/**
 * Reads the small files that decide; a Dockerfile wins over every buildpack. Throws `UserError` where one is broken
 * or there is nothing to build.
 */
export async function readSource(pushed: PushedTree): Promise<Source> {
  const tree: SourceTree = {
    files: pushed.files,
    // Only what the walk has seen: a look-up in vain costs a process too.
    read: async (path) =>
      pushed.files.has(path) ? readText(pushed.repository, pushed.commit, path) : undefined,
  }
  const [dockerfile, dockerignore, procfileText, appJsonText] = await Promise.all([
    tree.read('Dockerfile'),
    tree.read(pushed.files.has('Dockerfile.dockerignore') ? 'Dockerfile.dockerignore' : '.dockerignore'),
    tree.read('Procfile'),
    tree.read('app.json'),
  ])
  const procfile = procfileText === undefined ? undefined : parseProcfile(procfileText)
  const common = {
    commit: pushed.commit,
    dockerignore,
    appJson: appJsonText === undefined ? undefined : parseAppJson(appJsonText),
  }
  if (dockerfile !== undefined) {
    return {
      ...common,
      how: 'its Dockerfile',
      notes: [],
      dockerfile: 'Dockerfile',
      added: [],
      buildArgs: declaredArgs(dockerfile),
      processes: procfile ?? { web: null },
    }
  }
  const { name, plan } = await planByBuildpack(tree, {
    config: pushed.config,
    hasWebProcess: procfile?.web !== undefined,
  })
  return {
    ...common,
    how: `the ${name} buildpack`,
    notes: plan.notes,
    dockerfile: buildpackDockerfile,
    added: [{ path: buildpackDockerfile, content: plan.dockerfile }],
    buildArgs: declaredArgs(plan.dockerfile),
    dockerignore: [dockerignore ?? '', ...(plan.ignore ?? [])].join('\n'),
    processes: { ...plan.processes, ...procfile },
  }
}

async function planByBuildpack(
  tree: SourceTree,
  settings: { config: ConfigVars; hasWebProcess: boolean },
): Promise<{ name: string; plan: BuildPlan }> {
  const buildpacks = await loadBuildpacks()
  const buildpack = buildpacks.find((each) => each.recognises(tree))
  if (!buildpack) throw nothingToBuild(buildpacks)
  return { name: buildpack.name, plan: await buildpack.plan(tree, settings) }
}

const declaredArgs = (dockerfile: string): readonly string[] =>
  [...dockerfile.matchAll(/^\s*ARG\s+([A-Za-z_]\w*)/gim)].flatMap((match) => match[1] ?? [])

function nothingToBuild(buildpacks: readonly Buildpack[]): UserError {
  const wanted = ['Dockerfile', ...buildpacks.flatMap((each) => each.looksFor)]
  return new UserError(
    `There is nothing to build: the root of the pushed tree has none of ${wanted.join(', ')}`,
    {
      next: [
        'Commit a Dockerfile and push again, for instance:',
        '    FROM node:24-slim',
        '    WORKDIR /app',
        '    COPY . .',
        '    RUN npm ci --omit=dev',
        '    CMD ["node", "server.js"]   # listens on 0.0.0.0:$PORT',
      ].join('\n'),
    },
  )
}
