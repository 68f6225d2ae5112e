import { readSettings } from '../server/settings.ts'
import { ensureBaseImages } from './base-images.ts'
import { ensureEngine } from './engine.ts'
import { identities } from './identity.ts'
import { runEntry } from './run-entry.ts'

// What the tests' own instances share with every other on this machine.
await runEntry(async () => {
  const settings = readSettings()
  await ensureEngine(settings)
  await identities(settings)
  await ensureBaseImages(settings.dockerHost)
})
