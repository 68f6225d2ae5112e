import { createHash } from 'node:crypto'
import { chmod, copyFile, glob, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Account } from './identity.ts'

/**
 * How Node is started where memory counts. Measured after a demo and a push of 100 MB: the server's memory falls from
 * 115 to 64 MB, the router's from 39 to 28, and neither pushes nor commands get slower. Young garbage goes when a
 * fifth of its space is full: what streams through leaves buffers outside the heap, 20 MB of them by the time that
 * space is full by itself, and V8 then marks the whole heap over and over, which took two thirds of an export's CPU.
 * An import's wait in the channel for so long that they become old: the whole heap is marked when it has grown by 60 %,
 * where V8 would do so each 5 MB. What is left of all that goes once they are idle (`collectWhenIdle`). Without the compiler
 * between interpreter and optimizer the server keeps 4 MB less of code, the router one.
 */
export const frugal: readonly string[] = [
  '--optimize-for-size',
  '--max-semi-space-size=1',
  '--minor-gc-task-trigger=20',
  '--heap-growing-percent=60',
  '--no-sparkplug',
  '--expose-gc',
]

/** What makes Node read the compile cache of the code in `checkout`, wherever that is mounted. */
export function compileCacheEnvironment(checkout: string): Readonly<Record<string, string>> {
  return { NODE_COMPILE_CACHE: cacheFolder(checkout), NODE_COMPILE_CACHE_PORTABLE: '1' }
}

/**
 * Compiles the code of server and router where that has not been done since it changed. A process that finds one
 * file uncompiled loads Node's TypeScript stripper, and keeps its 20 MB for ever. Returns a name of the code: another
 * where it has changed.
 */
export async function fillCompileCache(checkout: string, router: Account | undefined): Promise<string> {
  const folder = cacheFolder(checkout)
  const marker = join(folder, `filled-for-${router?.uid ?? 'all'}`)
  const wanted = await fingerprint(checkout)
  if ((await readFile(marker, 'utf8').catch(() => '')) === wanted) return wanted
  await mkdir(folder, { recursive: true })
  const script = join(checkout, 'scripts', 'fill-compile-cache.ts')
  await execa(process.execPath, [...frugal, script], { env: compileCacheEnvironment(checkout) })
  if (router) await shareWith(router, folder)
  await writeFile(marker, wanted)
  return wanted
}

const cacheFolder = (checkout: string): string => join(checkout, 'node_modules', '.cache', 'paas')

/** Node looks into a folder that ends in its own user id: the router may read its copy, and not change it. */
async function shareWith({ uid }: Account, folder: string): Promise<void> {
  const own = `-${process.getuid?.()}`
  for (const name of (await readdir(folder)).filter((each) => /^v\d/.test(each) && each.endsWith(own))) {
    const copy = join(folder, `${name.slice(0, -own.length)}-${uid}`)
    await mkdir(copy, { recursive: true })
    // Each file at once, since another instance of this checkout may be starting; a name with a dot is half written.
    for (const file of (await readdir(join(folder, name))).filter((each) => !each.includes('.'))) {
      const half = join(copy, `${file}.${process.pid}`)
      await copyFile(join(folder, name, file), half)
      await chmod(half, 0o644)
      await rename(half, join(copy, file))
    }
    await chmod(copy, 0o755)
  }
}

async function fingerprint(checkout: string): Promise<string> {
  const files = ['package-lock.json']
  for await (const file of glob('{server,router,buildpacks}/**/*.ts', { cwd: checkout })) files.push(file)
  const hash = createHash('sha256').update(process.version).update(frugal.join(' '))
  for (const file of files.sort()) {
    const { mtimeMs, size } = await stat(join(checkout, file))
    hash.update(`${file} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex')
}
