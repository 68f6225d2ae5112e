import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { loadRegistry } from '../server/registry.ts'
import { documents } from './documents/documents.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'

/** `make docs` */
await runEntry(async () => {
  for (const [path, text] of Object.entries(documents(await loadRegistry()))) {
    const file = join(import.meta.dirname, '..', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    say.detail(path)
  }
})
