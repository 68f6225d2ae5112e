import { execa } from 'execa'
import { expect, test } from 'vitest'
import { frugal } from '../scripts/compile-cache.ts'

// Ends by itself when the garbage is gone; what waits for that allocates next to nothing.
const idler = (flags: string): string => `
  const { collectWhenIdle } = await import(${JSON.stringify(new URL('../server/collect-when-idle.ts', import.meta.url).href)})
  let kept = Array.from({ length: 400_000 }, (_, index) => ({ index, text: 'of ' + index }))
  globalThis.gc()
  const most = process.memoryUsage().heapUsed
  kept = undefined
  ${flags}
  const timer = setInterval(() => {
    if (process.memoryUsage().heapUsed < most / 2) clearInterval(timer), console.log('collected')
  }, 100)
  setTimeout(() => (console.log('kept'), process.exit()), 3_000).unref()
`

const ends = async (flags: string): Promise<string> =>
  (await execa(process.execPath, [...frugal, '--input-type=module', '--eval', idler(flags)])).stdout

test('What work has left behind is collected once the process is idle, and by V8 alone it is not', async () => {
  expect(await Promise.all([ends('collectWhenIdle(200)'), ends('')])).toEqual(['collected', 'kept'])
})

test('A process that works is not stopped for it', async () => {
  const busy =
    'setInterval(() => { const end = performance.now() + 50; while (performance.now() < end); }, 60).unref()'
  expect(await ends(`collectWhenIdle(200); ${busy}`)).toBe('kept')
})
