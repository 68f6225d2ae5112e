import type { BuildPlan, Buildpack, BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { type Dependencies, findDependencies } from './dependencies.ts'
import { choosePython, type Python } from './python-version.ts'
import { chooseStart } from './start-command.ts'

export default {
  name: 'Python',
  order: 30,
  looksFor: ['requirements.txt', 'pyproject.toml', 'Pipfile', 'manage.py'],
  recognises: ({ files }) =>
    ['requirements.txt', 'pyproject.toml', 'Pipfile', 'manage.py'].some((name) => files.has(name)),
  plan,
} satisfies Buildpack

async function plan(tree: SourceTree, settings: BuildSettings): Promise<BuildPlan> {
  const pyproject = (await tree.read('pyproject.toml')) ?? ''
  const python = await choosePython(tree, pyproject, settings)
  const dependencies = await findDependencies(tree, pyproject)
  const start = await chooseStart(tree, dependencies, settings)
  const collected = await readStaticFiles(tree, settings)
  return {
    dockerfile: dockerfile({ python, dependencies, collected, settings }),
    processes: start.web === undefined ? {} : { web: start.web },
    notes: [
      python.note,
      ...(dependencies.from === undefined ? [] : [`Dependencies by pip from ${dependencies.from}`]),
      ...dependencies.notes,
      ...(collected === undefined
        ? []
        : ['manage.py collectstatic (not wanted: config:set DISABLE_COLLECTSTATIC=1)']),
      start.note,
    ],
    ignore: ['**/__pycache__', '**/*.pyc', '.venv', 'venv'],
    files:
      dependencies.from === 'pyproject.toml' && dependencies.files !== undefined
        ? [{ path: '.paas/dependencies.py', content: printDependencies }]
        : [],
  }
}

/** Prints what `[project]` needs, a line each, as a requirements file. */
const printDependencies = `import tomllib

with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["project"].get("dependencies", []), sep="\\n")
`

/** What Django's collectstatic needs of config, by the names that the settings mention; undefined: nothing to collect. */
async function readStaticFiles(
  tree: SourceTree,
  { config }: BuildSettings,
): Promise<readonly string[] | undefined> {
  if (!tree.files.has('manage.py') || config.DISABLE_COLLECTSTATIC === '1') return undefined
  const files = [...tree.files.keys()].filter((path) => /^\w+\/settings(\/\w+)?\.py$/.test(path))
  const text = (await Promise.all(files.map((path) => tree.read(path)))).join('\n')
  if (!/^\s*STATIC_ROOT\s*=/m.test(text)) return undefined
  const words = new Set(text.match(/\b[A-Z][A-Z0-9_]*\b/g))
  return Object.keys(config).filter((name) => words.has(name) && !['PATH', 'HOME'].includes(name))
}

type DockerfileParts = {
  readonly python: Python
  readonly dependencies: Dependencies
  readonly collected: readonly string[] | undefined
  readonly settings: BuildSettings
}

function dockerfile({ python, dependencies, collected, settings }: DockerfileParts): string {
  const pip = (what: string): string =>
    [
      `RUN --mount=type=cache,id=${settings.cacheKey}-packages,target=/var/cache/packages,uid=1000,gid=1000`,
      'PIP_CACHE_DIR=/var/cache/packages',
      `pip install ${what}`,
    ].join(' ')
  const copy = (what: string): string => `COPY --chown=python:python ${what}`
  const { from, files, installsProject } = dependencies
  const installs = {
    'requirements.txt': [pip('--requirement=requirements.txt')],
    'pyproject.toml': [
      ...(files === undefined
        ? []
        : [
            'RUN python .paas/dependencies.py > /tmp/requirements.txt',
            pip('--requirement=/tmp/requirements.txt'),
          ]),
    ],
  }
  const install = from === undefined ? [] : installs[from]
  const lines = [
    `FROM ${python.image}`,
    ...(python.isOfficial ? asOurs : []),
    'WORKDIR /app',
    'RUN mkdir -p /opt/venv && chown python:python /app /opt/venv',
    'USER python',
    'RUN python3 -m venv /opt/venv',
    'ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv',
    ...indexes.map((name) => `ARG ${name}`),
    ...(files === undefined || from === undefined
      ? [copy('. .'), ...install]
      : [
          copy(`${files.join(' ')} ./`),
          ...(from === 'pyproject.toml' ? [copy('.paas/dependencies.py .paas/')] : []),
          ...install,
          copy('. .'),
        ]),
    ...(installsProject ? [pip('.')] : []),
    ...(collected === undefined
      ? []
      : [...collected.map((name) => `ARG ${name}`), 'RUN python manage.py collectstatic --noinput']),
    // What the web servers read: trust the router's headers, log requests, and beat where no disk is.
    'ENV FORWARDED_ALLOW_IPS=* WEB_CONCURRENCY=2 GUNICORN_CMD_ARGS="--access-logfile=- --worker-tmp-dir=/dev/shm"',
    'CMD ["python"]',
  ]
  return `${lines.join('\n')}\n`
}

/** Gives an official image what our base image has: its user, and how Python and pip behave. */
const asOurs = [
  'RUN echo python:x:1000:1000::/home/python:/bin/sh >> /etc/passwd && echo python:x:1000: >> /etc/group' +
    ' && mkdir -p /home/python && chown 1000:1000 /home/python',
  'ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1',
]

/** Config vars that choose whom pip asks. */
const indexes = ['PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'PIP_TRUSTED_HOST', 'PIP_FIND_LINKS', 'PIP_NO_INDEX']
