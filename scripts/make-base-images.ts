import { readSettings } from '../server/settings.ts'
import { ensureBaseImages } from './base-images.ts'
import { ensureEngine } from './engine.ts'
import { runEntry } from './run-entry.ts'

/** `make base-images [STACK=python]` */
await runEntry(async () => {
  const settings = readSettings()
  const names = process.argv.slice(2).filter(Boolean)
  await ensureEngine(settings)
  await ensureBaseImages(settings.dockerHost, names.length > 0 ? names : undefined)
})
