import type { BuildPlan, BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'
import type { PackageJson } from './package-json.ts'
import type { PackageManager } from './package-manager.ts'

/** None where the Procfile says all. */
export type StartCommand = Pick<BuildPlan, 'processes' | 'notes'>

const usual = ['server.js', 'index.js', 'app.js', 'server.mjs', 'index.mjs']

/**
 * The Procfile, where it names more than `release`; else the start script, `main`, or a file of the usual names.
 * Throws `UserError` where nothing says how the app starts.
 */
export function chooseStart(
  tree: SourceTree,
  manifest: PackageJson,
  { procfile }: Pick<BuildSettings, 'procfile'>,
  manager: PackageManager['name'],
): StartCommand {
  const named = Object.keys(procfile ?? {}).filter((process) => process !== 'release')
  if (named.length > 0) return { processes: {}, notes: [`Starts as the Procfile says: ${named.join(', ')}`] }
  if (manifest.scripts.start !== undefined) {
    const web = startScript(manifest, manager)
    return { processes: { web }, notes: [`web: ${web} (the start script of package.json)`] }
  }
  const file = [manifest.main?.replace(/^\.\//, ''), ...usual].find((each) => each && tree.files.has(each))
  if (file) {
    const web = `node ${quoted(file)}`
    return { processes: { web }, notes: [`web: ${web} (guessed: no Procfile, no start script)`] }
  }
  throw new UserError('Nothing says how to start the app', {
    next: [
      'Add a start script to package.json:  "scripts": {"start": "node FILE.js"}',
      `or a Procfile with the line          web: node FILE.js`,
      'A site of files alone, made by the build script: config:set STATIC_ROOT=dist',
    ].join('\n'),
  })
}

/**
 * The script itself rather than `npm start`, where that is the same: one process less, which would take 60 MB and
 * stand between the app and its signals.
 */
function startScript({ scripts }: PackageJson, manager: PackageManager['name']): string {
  const { start = '' } = scripts
  const needsManager =
    scripts.prestart !== undefined ||
    scripts.poststart !== undefined ||
    /npm_|[\0-\x1f\x7f]/.test(start) ||
    start.length > 1000 ||
    start.trim() === ''
  return needsManager ? `${manager} start` : start.trim()
}

const quoted = (file: string): string =>
  /^[\w@./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`
