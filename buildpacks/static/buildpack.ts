import type { Buildpack } from '../../server/build/buildpack.ts'
import { planSite, usualFolders } from './site.ts'

// What is for us or for git, and is no page.
const ignore = ['**/node_modules', 'Procfile', 'app.json', 'static.json']

export default {
  name: 'static files',
  order: 90,
  looksFor: ['index.html', 'static.json'],
  recognises: ({ files }, config) =>
    config.STATIC_ROOT !== undefined ||
    files.has('static.json') ||
    usualFolders.some((folder) => files.has(folder === '' ? 'index.html' : `${folder}/index.html`)),
  async plan(tree, settings) {
    const { stage, files, processes, notes } = await planSite(tree, settings)
    return { dockerfile: `${stage.join('\n')}\n`, files, processes, notes, ignore }
  },
} satisfies Buildpack
