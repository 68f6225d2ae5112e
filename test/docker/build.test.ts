import { readdirSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { AppError, InterruptedError } from '../../server/errors.ts'
import { Workbench } from './workbench.ts'

let bench: Workbench
beforeAll(async () => {
  bench = await Workbench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

describe('a build', { timeout: 60_000 }, () => {
  test('prints steps and complete lines of their output, and gives the image’s id', async () => {
    const { imageId, lines } = await build(
      `RUN echo ${bench.instance}; printf "10%%\\r99%%\\n"; printf "kein Ende ä"`,
    )
    expect(lines.filter((line) => !line.includes('FROM'))).toEqual([
      `[2/2] RUN echo ${bench.instance}; printf "10%%\\r99%%\\n"; printf "kein Ende ä"`,
      bench.instance,
      '99%',
      'kein Ende ä',
    ])
    const image = await bench.engine.images.inspect(imageId)
    expect(image.id).toBe(imageId)
    expect(image.labels).toMatchObject(bench.labels)
  })

  test('says of a step that it is cached', async () => {
    const dockerfile = `RUN echo ${bench.instance}`
    expect((await build(dockerfile)).lines).toContain(bench.instance)
    const again = await build(dockerfile)
    expect(again.lines).toContain(`CACHED [2/2] RUN echo ${bench.instance}`)
    expect(again.lines).not.toContain(bench.instance)
  })

  test('without cache runs a step again', async () => {
    const dockerfile = 'RUN echo again'
    await build(dockerfile)
    expect((await build(dockerfile, { noCache: true })).lines).toContain('again')
  })

  test('takes build arguments, a target, a tag and another Dockerfile', async () => {
    const tag = `paas-${bench.instance}/tagged:2`
    await bench.engine.build({
      context: bench.context({
        'deploy/Dockerfile': `FROM ${bench.image} AS wanted\nARG WHO\nENV WHO=$WHO\nEXPOSE 8080 53/udp 80\nENTRYPOINT ["a"]\nCMD ["b", "c"]\nFROM wanted\nENV WHO=nobody\n`,
      }),
      dockerfile: 'deploy/Dockerfile',
      buildArgs: { WHO: 'a b"c' },
      labels: bench.labels,
      tag,
      target: 'wanted',
      onLine: () => {},
    })
    const image = await bench.engine.images.inspect(tag)
    expect(image).toMatchObject({
      exposedPorts: [80, 8080],
      entrypoint: ['a'],
      command: ['b', 'c'],
      environment: { PATH: '/bin', WHO: 'a b"c' },
      healthcheck: undefined,
      tags: [tag],
    })
    expect(image.sizeBytes).toBeGreaterThan(100_000)
  })

  test('that fails names the step, its exit code and its last 20 lines', async () => {
    const failure = await failed('RUN i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); done; exit 7')
    expect(failure.message).toMatch(/^Build failed at \[2\/2\] RUN i=0; .*: exit code 7$/)
    expect(failure.lastLines).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 30}`))
  })

  test.each([
    ['an unknown instruction', 'BREW tea', 'Build failed: Dockerfile line 2: unknown instruction: BREW'],
    [
      'a file that is not there',
      'COPY nothing /',
      'Build failed at [2/2] COPY nothing /: "/nothing" not found',
    ],
    [
      'an image that is not there',
      'COPY --from=registry.invalid/none:1 / /',
      'Build failed: The base image registry.invalid/none:1 is not on this server and no registry answered',
    ],
  ])('with %s says so', async (_, dockerfile, message) => {
    expect((await failed(dockerfile)).message).toBe(message)
  })

  test('without a Dockerfile says so', async () => {
    const context = bench.context({ 'README.md': '' })
    await expect(bench.engine.build({ ...options([]), context })).rejects.toThrow(
      'Build failed: there is no Dockerfile in what was pushed',
    )
  })

  test('shows output while it runs, and its signal ends it in the engine at once', async () => {
    const stop = new AbortController()
    const marker = `86399.${Date.now()}`
    const lines: string[] = []
    const context = bench.context({
      Dockerfile: `FROM ${bench.image}\nRUN echo begun; sleep ${marker}; echo over`,
    })
    const build = bench.engine.build({ ...options(lines), context, signal: stop.signal })
    build.catch(() => {})
    await vi.waitFor(() => expect(lines).toContain('begun'), { timeout: 10_000 })
    await vi.waitFor(() => expect(processesWith(marker)).toHaveLength(1), { timeout: 10_000 })
    stop.abort()
    await expect(build).rejects.toBeInstanceOf(InterruptedError)
    expect(lines.at(-1)).toBe('begun')
    expect(context.destroyed).toBe(true)
    await vi.waitFor(() => expect(processesWith(marker)).toEqual([]), { timeout: 10_000 })
  })

  test('whose context fails ends with that failure', async () => {
    const context = Readable.from(
      (async function* () {
        yield Buffer.alloc(512)
        throw new Error('git archive ended with 128')
      })(),
    )
    await expect(bench.engine.build({ ...options([]), context })).rejects.toThrow(
      'git archive ended with 128',
    )
  })
})

const options = (lines: string[]) => ({
  dockerfile: 'Dockerfile',
  labels: bench.labels,
  onLine: (line: string) => void lines.push(line),
})

async function build(dockerfile: string, changes: { noCache?: boolean } = {}) {
  const lines: string[] = []
  const context = bench.context({ Dockerfile: `FROM ${bench.image}\n${dockerfile}\n` })
  const { imageId } = await bench.engine.build({ ...options(lines), ...changes, context })
  return { imageId, lines }
}

async function failed(dockerfile: string): Promise<AppError> {
  const failure = await build(dockerfile).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof AppError))
    throw new Error('The build did not fail as an app does', { cause: failure })
  return failure
}

/** The commands of running processes with this word, of the host and of all containers. */
function processesWith(word: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return ''
      }
    })
    .filter((command) => command.split('\0').includes(word))
}
