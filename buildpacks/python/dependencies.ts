import type { SourceTree } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'

/** What pip installs, and from which files. */
export type Dependencies = {
  readonly from: 'requirements.txt' | 'pyproject.toml' | undefined
  /** Files that the install reads; undefined: the whole tree. */
  readonly files: readonly string[] | undefined
  /** The project is installed itself, besides what it needs. */
  readonly installsProject: boolean
  /** Text in which a dependency's name may be looked for. */
  readonly text: string
  readonly notes: readonly string[]
}

/** By requirements.txt, else pyproject.toml. Throws `UserError` for a Pipfile alone. */
export async function findDependencies(tree: SourceTree, pyproject: string): Promise<Dependencies> {
  const requirements = await tree.read('requirements.txt')
  if (requirements !== undefined) return await byRequirements(tree, requirements)
  if (tree.files.has('pyproject.toml')) return byProject(tree, pyproject)
  const lockfile = ['Pipfile.lock', 'Pipfile'].find((name) => tree.files.has(name))
  if (lockfile !== undefined) {
    throw new UserError(`${lockfile} is not read here: pip installs from requirements.txt`, {
      next: 'pipenv requirements > requirements.txt && git add requirements.txt && git commit -m "Requirements", then push again',
    })
  }
  return {
    from: undefined,
    files: [],
    installsProject: false,
    text: '',
    notes: ['No dependencies, nothing to install'],
  }
}

async function byRequirements(tree: SourceTree, requirements: string): Promise<Dependencies> {
  const read = new Map([['requirements.txt', requirements]])
  let isWhole = false
  for (const text of read.values()) {
    for (const line of text.split('\n').map((each) => each.trim())) {
      const file = /^(?:-[rc]|--requirement|--constraint)[\s=]*(\S+)$/.exec(line)?.[1]?.replace(/^\.\//, '')
      const content = file === undefined || read.has(file) ? undefined : await tree.read(file)
      if (file !== undefined && content !== undefined && isPlain(file)) read.set(file, content)
      else if ((file !== undefined && !read.has(file)) || isLocal(line)) isWhole = true
    }
  }
  return {
    from: 'requirements.txt',
    files: isWhole ? undefined : [...read.keys()],
    installsProject: false,
    text: [...read.values()].join('\n'),
    notes: isWhole ? ['Every push installs anew: requirements are files of the tree'] : [],
  }
}

const isPlain = (file: string): boolean => /^[\w@.+-]+$/.test(file)

const isLocal = (line: string): boolean =>
  /^(-e|--editable|-f|--find-links)\b/.test(line) || /^(\.|\/|file:)/.test(line) || /@\s*file:/.test(line)

function byProject(tree: SourceTree, pyproject: string): Dependencies {
  const isStatic =
    /^\[project\]/m.test(pyproject) && !/^\s*dynamic\s*=\s*\[[^\]]*dependencies/m.test(pyproject)
  const lockfile = ['uv.lock', 'poetry.lock', 'pdm.lock'].find((name) => tree.files.has(name))
  const export_ = { 'uv.lock': 'uv export', 'poetry.lock': 'poetry export', 'pdm.lock': 'pdm export' }
  return {
    from: 'pyproject.toml',
    files: isStatic ? ['pyproject.toml'] : undefined,
    installsProject: !isStatic || /^\[build-system\]/m.test(pyproject),
    text: pyproject,
    notes: [
      ...(isStatic
        ? []
        : ['Every push installs anew: what is needed cannot be read from pyproject.toml alone']),
      ...(lockfile === undefined
        ? []
        : [
            `${lockfile} is not read, so versions may differ; exact ones: ${export_[lockfile as keyof typeof export_]} -o requirements.txt, and commit that`,
          ]),
    ],
  }
}

/** Whether a dependency of this name is asked for. */
export const asksFor = ({ text }: Dependencies, name: string): boolean =>
  new RegExp(
    `^\\s*["']?${name}(\\[[^\\]]*\\])?\\s*($|[=<>~!;@,"'#\\s])|["']${name}[\\["'=<>~!;@ ]`,
    'im',
  ).test(text)
