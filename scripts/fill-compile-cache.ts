import { glob } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'

const checkout = join(import.meta.dirname, '..')

// Imports what server and router are made of and starts nothing: what is compiled goes to NODE_COMPILE_CACHE.
for await (const file of glob('{server,router,buildpacks}/**/*.ts', { cwd: checkout }))
  await import(join(checkout, file))
flushCompileCache()
