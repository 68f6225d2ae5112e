import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ConflictError } from '../../server/docker/engine-errors.ts'
import { Workbench } from './workbench.ts'

describe('a command inside a container', { timeout: 60_000 }, () => {
  let bench: Workbench
  let id: string
  beforeAll(async () => {
    bench = await Workbench.open()
    id = await bench.started('exec sleep 1000')
  })
  afterAll(() => bench[Symbol.asyncDispose]())
  const execute = (command: readonly string[], timeoutMs = 10_000) =>
    bench.engine.containers.execute(id, command, { timeoutMs })

  test('gives its exit code and what it said on both streams', async () => {
    expect(await execute(['/bin/sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
      exitCode: 7,
      output: expect.stringMatching(/^(out\nerr|err\nout)\n$/),
    })
    expect(await execute(['true'])).toMatchObject({ exitCode: 0, output: '' })
  })

  test('that does not exist fails like one', async () => {
    const missing = await execute(['/no/such/command']).catch((error: Error) => error)
    expect(missing).not.toMatchObject({ exitCode: 0 })
  })

  test('that says too much is cut', async () => {
    const { output, exitCode } = await execute(['/bin/sh', '-c', 'yes | head -c 100000'])
    expect(exitCode).toBe(0)
    expect(output.length).toBe(4096)
  })

  test('that takes too long is ended with its children', async () => {
    expect(await execute(['/bin/sh', '-c', 'echo begun; sleep 777; true'], 1_000)).toEqual({
      exitCode: undefined,
      output: 'begun\n',
    })
    await vi.waitFor(async () => expect((await execute(['ps'])).output).not.toContain('sleep 777'), {
      timeout: 10_000,
    })
  })

  test('of a container that has ended is a conflict', async () => {
    const ended = await bench.started('exit 0')
    await bench.engine.containers.wait(ended)
    await expect(
      bench.engine.containers.execute(ended, ['true'], { timeoutMs: 5_000 }),
    ).rejects.toBeInstanceOf(ConflictError)
  })
})
