import type { BuildPlan, Buildpack, BuildSettings, SourceTree } from '../build/buildpack.ts'
import { loadBuildpacks } from '../build/buildpacks.ts'
import type { Checks } from '../checks/check.ts'
import { UserError } from '../errors.ts'
import { readText, readTextStart } from '../git/source.ts'
import type { Builder } from '../state/apps.ts'
import type { Processes } from '../state/releases.ts'
import type { AppJson } from './app-json.ts'
import type { Procfile } from './procfile.ts'
import { readRunFiles } from './run-files.ts'

/** What a pushed tree says about how it is built and run. */
export type Source = {
  /** What the context is made from: the commit, or the tree of a folder in it. */
  readonly tree: string
  /** For the pusher: `its Dockerfile`, `the Node.js buildpack` */
  readonly how: string
  readonly notes: readonly string[]
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string
  readonly dockerfileText: string
  /** Files that the context gets beside the tree's own: a buildpack's Dockerfile. */
  readonly added: readonly { readonly path: string; readonly content: string }[]
  /** Names that the Dockerfile declares as ARG: config fills these. */
  readonly buildArgs: readonly string[]
  readonly dockerignore: string | undefined
  readonly processes: Processes
  readonly appJson: AppJson | undefined
  readonly checks: Checks
}

export type PushedTree = {
  readonly repository: string
  /** A commit, or the tree of a folder in it. */
  readonly tree: string
  readonly files: ReadonlyMap<string, number>
  readonly builder: Builder
  readonly settings: Omit<BuildSettings, 'procfile'>
}

const buildpackDockerfile = '.paas/Dockerfile'

/**
 * Reads the small files that decide; a Dockerfile wins over every buildpack. Throws `UserError` where one is broken
 * or there is nothing to build.
 */
export async function readSource(pushed: PushedTree): Promise<Source> {
  const tree: SourceTree = {
    files: pushed.files,
    // Only what the walk has seen: a look-up in vain costs a process too.
    read: async (path) =>
      pushed.files.has(path) ? readText(pushed.repository, pushed.tree, path) : undefined,
    readStart: async (path) =>
      pushed.files.has(path) ? readTextStart(pushed.repository, pushed.tree, path) : undefined,
  }
  const heroku = await readHeroku(tree, pushed.builder)
  const path = pushed.builder.dockerfilePath ?? heroku.dockerfile ?? 'Dockerfile'
  const [dockerfile, dockerignore, { appJson, checks, ...files }] = await Promise.all([
    wantsDockerfile(pushed.builder) ? tree.read(path) : undefined,
    tree.read(pushed.files.has(`${path}.dockerignore`) ? `${path}.dockerignore` : '.dockerignore'),
    readRunFiles(tree.read),
  ])
  const procfile = files.procfile ?? heroku.processes
  const notes = [...files.notes, ...heroku.notes]
  const common = { tree: pushed.tree, appJson, checks }
  if (dockerfile !== undefined) {
    return {
      ...common,
      how: path === 'Dockerfile' ? 'its Dockerfile' : path,
      notes,
      dockerfile: path,
      dockerfileText: dockerfile,
      added: [],
      buildArgs: declaredArgs(dockerfile),
      dockerignore,
      processes: files.procfile ?? { web: null, ...heroku.processes },
    }
  }
  if (pushed.builder.dockerfilePath !== null && wantsDockerfile(pushed.builder)) throw noDockerfile(path)
  if (heroku.dockerfile !== undefined) throw noHerokuDockerfile(path)
  const config = { ...givenBy(appJson), ...pushed.settings.config }
  const { name, plan } = await planByBuildpack(tree, pushed.builder, { ...pushed.settings, config, procfile })
  return {
    ...common,
    how: `the ${name} buildpack`,
    notes: [...plan.notes, ...notes],
    dockerfile: buildpackDockerfile,
    dockerfileText: plan.dockerfile,
    added: [{ path: buildpackDockerfile, content: plan.dockerfile }, ...(plan.files ?? [])],
    buildArgs: declaredArgs(plan.dockerfile),
    dockerignore: [dockerignore ?? '', ...(plan.ignore ?? [])].join('\n'),
    processes: { ...plan.processes, ...procfile },
  }
}

/** What the app's settings and its Procfile leave to heroku.yml. */
async function readHeroku(
  tree: SourceTree,
  builder: Builder,
): Promise<{ dockerfile: string | undefined; processes: Procfile | undefined; notes: readonly string[] }> {
  const text = await tree.read('heroku.yml')
  if (text === undefined) return { dockerfile: undefined, processes: undefined, notes: [] }
  // Few have one, and its parser takes a megabyte.
  const { readHerokuYml } = await import('./heroku-yml.ts')
  const { dockerfile, processes, notes } = readHerokuYml(text)
  const asked = builder.dockerfilePath !== null || !wantsDockerfile(builder)
  const has = Object.keys(processes).length > 0
  const hasProcfile = tree.files.has('Procfile')
  return {
    dockerfile: asked ? undefined : dockerfile,
    processes: has && !hasProcfile ? processes : undefined,
    notes: [
      ...(asked && dockerfile !== undefined
        ? ['heroku.yml: build.docker.web is ignored: builder:set says how it is built']
        : []),
      ...(has && hasProcfile ? ['heroku.yml: run and release are ignored: there is a Procfile'] : []),
      ...notes,
    ],
  }
}

/** The values of app.json's `env`: the first push has them in no config yet. */
const givenBy = (appJson: AppJson | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(appJson?.env ?? {}).flatMap(([name, { value }]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )

const wantsDockerfile = ({ selected }: Builder): boolean => selected === null || selected === 'dockerfile'

async function planByBuildpack(
  tree: SourceTree,
  { selected }: Builder,
  settings: BuildSettings,
): Promise<{ name: string; plan: BuildPlan }> {
  if (selected === 'dockerfile') throw noDockerfile('Dockerfile')
  const buildpacks = await loadBuildpacks()
  const asked = selected === null ? [...buildpacks.values()] : [buildpacks.get(selected) ?? []].flat()
  const buildpack = asked.find((each) => each.recognises(tree, settings.config))
  if (!buildpack) throw selected === null ? nothingToBuild(asked) : nothingFor(selected, asked)
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
        '    FROM paas/node:24',
        '    WORKDIR /app',
        '    COPY . .',
        '    RUN npm ci --omit=dev',
        '    CMD ["node", "server.js"]   # listens on 0.0.0.0:$PORT',
        'Where the app is a folder of the tree: builder:set build-dir FOLDER',
      ].join('\n'),
    },
  )
}

const nothingFor = (selected: string, asked: readonly Buildpack[]): UserError =>
  new UserError(
    `The ${selected} buildpack finds nothing to build: the pushed tree has none of ${asked.flatMap((each) => each.looksFor).join(', ')}`,
    { next: 'Let the tree decide: builder:set selected' },
  )

const noDockerfile = (path: string): UserError =>
  new UserError(`The pushed tree has no ${path}, and builder:set asks for it`, {
    next: 'Commit it, or let the tree decide: builder:set selected; builder:set dockerfile-path',
  })

const noHerokuDockerfile = (path: string): UserError =>
  new UserError(`The pushed tree has no ${path}, and heroku.yml asks for it`, {
    next: 'Commit it, or correct build.docker.web in heroku.yml',
  })
