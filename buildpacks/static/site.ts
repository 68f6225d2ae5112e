import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BuildPlan, BuildSettings, SourceTree } from '../../server/build/buildpack.ts'
import { UserError } from '../../server/errors.ts'
import { parseStaticJson, type StaticJson } from './static-json.ts'

export type Site = Pick<BuildPlan, 'processes' | 'notes'> & {
  /** The last stage of a Dockerfile. */
  readonly stage: readonly string[]
  readonly files: NonNullable<BuildPlan['files']>
}

/** Where a site usually lies, in the order in which they are looked for. */
export const usualFolders = ['', 'public', 'dist', 'build', '_site', 'out', 'public_html'] as const

/** The files of a folder served by nginx: of the tree, or of `/app` in the stage `from` of the same Dockerfile. */
export async function planSite(tree: SourceTree, settings: BuildSettings, from?: string): Promise<Site> {
  const text = await tree.read('static.json')
  const json = text === undefined ? undefined : parseStaticJson(text)
  const { folder, reason } = chooseFolder(tree, settings.config, json, from !== undefined)
  const copied = from === undefined ? folder || '.' : `/app/${folder}`
  return {
    stage: [
      'FROM paas/nginx:1',
      'COPY .paas/serve .paas/nginx.conf /etc/paas/',
      `COPY ${from === undefined ? '' : `--from=${from} `}${JSON.stringify([copied, '/srv/'])}`,
      ...(json?.isSinglePage ? ['ENV STATIC_SPA=1'] : []),
      'USER nginx',
      // Lets requests end that are under way.
      'STOPSIGNAL SIGQUIT',
      'CMD ["sh", "/etc/paas/serve"]',
    ],
    files: [
      { path: '.paas/serve', content: part('serve') },
      { path: '.paas/nginx.conf', content: configuration(json) },
    ],
    processes: { web: 'sh /etc/paas/serve' },
    notes: [
      `nginx serves ${folder === '' ? 'the root of the tree' : folder} (${reason})`,
      ...(json?.isSinglePage ? ['Paths without a file get index.html (routes in static.json)'] : []),
      ...(json?.ignored.length ? [`Not read in static.json: ${json.ignored.join(', ')}`] : []),
    ],
  }
}

function chooseFolder(
  tree: SourceTree,
  config: BuildSettings['config'],
  json: StaticJson | undefined,
  isMade: boolean,
): { folder: string; reason: string } {
  const set = config.STATIC_ROOT ?? json?.root
  const reason = config.STATIC_ROOT === undefined ? 'root in static.json' : 'config var STATIC_ROOT'
  if (set !== undefined) {
    const folder = checkedFolder(set, reason)
    if (isMade || folder === '' || hasFolder(tree, folder)) return { folder, reason }
    throw new UserError(`The pushed tree has no folder "${folder}" (${reason})`, {
      next: 'Commit it, or name another: config:set STATIC_ROOT=FOLDER',
    })
  }
  const folder = usualFolders.find((each) =>
    tree.files.has(each === '' ? 'index.html' : `${each}/index.html`),
  )
  if (folder !== undefined) return { folder, reason: 'it has an index.html' }
  throw new UserError('There is no index.html in the root, nor in public, dist or build', {
    next: 'Commit one, or say where the site is: config:set STATIC_ROOT=FOLDER',
  })
}

function checkedFolder(value: string, reason: string): string {
  const folder = value.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')
  if (folder === '' || folder === '.') return ''
  if (/^[\w@+ .-]+(\/[\w@+ .-]+)*$/.test(folder) && !folder.split('/').includes('..')) return folder
  throw new UserError(`"${value.slice(0, 80)}" cannot be the site's folder (${reason})`, {
    next: 'Name a folder of the tree, in letters, digits, dots and dashes: dist',
  })
}

const hasFolder = (tree: SourceTree, folder: string): boolean =>
  [...tree.files.keys()].some((path) => path.startsWith(`${folder}/`))

function configuration(json: StaticJson | undefined): string {
  return part('nginx.conf')
    .replace('@TRY@', json?.hasCleanUrls ? '$uri $uri.html $uri/' : '$uri $uri/')
    .replace('@ERROR_PAGE@', json?.errorPage ?? '/404.html')
}

const part = (name: string): string => readFileSync(join(import.meta.dirname, 'image', name), 'utf8')
