import type { SourceTree } from '../../server/build/buildpack.ts'
import { type PackageJson, parsePackageJson } from './package-json.ts'

/** What of the tree an install reads: alone, so that its layer lasts; or whole, where it cannot be told. */
export type Manifests = {
  /** Folder -> files in it; undefined: the whole tree comes first. */
  readonly folders: ReadonlyMap<string, readonly string[]> | undefined
  /** Why, for the pusher. */
  readonly note: string | undefined
  /** Scripts of their own run with the install, and may want devDependencies. */
  readonly hasScripts: boolean
}

const settings = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  '.pnpmfile.cjs',
  'yarn.lock',
  '.yarnrc',
  '.yarnrc.yml',
  '.npmrc',
]
const yarnFolders = /^\.yarn\/(releases|plugins|patches|cache)\//
const lifecycle = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
const mostFolders = 30

/** Which files the dependencies follow from, the root's and its workspaces'. */
export async function findManifests(tree: SourceTree, root: PackageJson): Promise<Manifests> {
  const paths = [...tree.files.keys()]
  const hasWorkspaces = root.hasWorkspaces || tree.files.has('pnpm-workspace.yaml')
  const members = hasWorkspaces
    ? paths.filter((path) => /\/package\.json$/.test(path) && !/(^|\/)(node_modules|\.yarn)\//.test(path))
    : []
  if (members.length > mostFolders) return whole(`there are more than ${mostFolders} workspaces`)
  const manifests = [root, ...(await Promise.all(members.map((path) => readManifest(tree, path))))]
  const script = manifests.flatMap(({ scripts }) =>
    lifecycle.filter((name) => scripts[name] !== undefined),
  )[0]
  if (script !== undefined) return { ...whole(`the ${script} script may read any file`), hasScripts: true }
  if (manifests.some(isLocal)) return whole('dependencies are files of the tree')
  const files = [
    'package.json',
    ...settings.filter((name) => tree.files.has(name)),
    ...members,
    ...paths.filter((path) => yarnFolders.test(path)),
  ]
  if (files.some((path) => !/^[\w@.+/-]+$/.test(path))) return whole('a workspace has an unusual name')
  return { folders: byFolder(files), note: undefined, hasScripts: false }
}

async function readManifest(tree: SourceTree, path: string): Promise<PackageJson> {
  return parsePackageJson((await tree.read(path)) ?? '{}', path)
}

const isLocal = ({ dependencies, hasPatches }: PackageJson): boolean =>
  hasPatches || dependencies.some((each) => /^(file:|link:|portal:|patch:|\.|\/|~)(?!\d)/.test(each))

const whole = (why: string): Manifests => ({
  folders: undefined,
  note: `Every push installs anew: ${why}`,
  hasScripts: false,
})

function byFolder(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const folders = new Map<string, string[]>()
  for (const file of files) {
    const folder = /^\.yarn\/\w+\//.exec(file)?.[0] ?? file.slice(0, file.lastIndexOf('/') + 1)
    const isWhole = folder.startsWith('.yarn/')
    folders.set(folder, isWhole ? [folder] : [...(folders.get(folder) ?? []), file])
  }
  return folders
}
