import { up } from './bring-up.ts'
import { runEntry } from './run-entry.ts'

await runEntry(async () => {
  await up()
})
