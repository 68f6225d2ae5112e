import { pipeline, type Readable, Transform } from 'node:stream'
import type Dockerode from 'dockerode'
import { buildFailure } from './build-failure.ts'
import { BuildProgress } from './build-progress.ts'
import { readBuildTrace } from './buildkit-trace.ts'
import { type Client, unprinted } from './client.ts'
import { lines } from './lines.ts'

/** One build: its context as a tar, and what to make of it. */
export type BuildOptions = {
  readonly context: Readable
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string
  readonly buildArgs?: Readonly<Record<string, string>> | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly tag?: string | undefined
  readonly target?: string | undefined
  readonly noCache?: boolean | undefined
  /** Called with each line of progress, as it comes. */
  readonly onLine: (line: string) => void
  /** What of the steps' output nobody is to see is gone from what this returns. */
  readonly hide?: ((text: string) => string) | undefined
  readonly signal?: AbortSignal | undefined
  /** How long the whole build may take. */
  readonly deadlineMs?: number | undefined
}

/**
 * Builds an image with BuildKit. Throws `AppError` with the failed step, its exit code and its last lines; the
 * signal stops the build in the engine at once. The context is read or destroyed in every case.
 */
export async function build(client: Client, options: BuildOptions): Promise<{ imageId: string }> {
  const { context } = options
  let contextError: unknown = context.errored ?? undefined
  context.on('error', (error) => {
    contextError ??= error
  })
  const deadlineMs = options.deadlineMs ?? 15 * 60_000
  try {
    return await client.call(
      'building the image',
      { signal: options.signal, deadlineMs, untilEnd: true },
      async (signal) => {
        if (context.destroyed) throw new Error('The build context ended before the build began')
        const answer = await begin(client, options, signal)
        return await follow(client.read('building the image', answer, signal), options)
      },
    )
  } catch (error) {
    throw contextError ?? error
  } finally {
    context.destroy()
  }
}

/**
 * The engine's answer. A build may be silent for long, but it begins at once: from the last of the context that the
 * engine took, it has as long as any call has.
 */
async function begin(client: Client, options: BuildOptions, signal: AbortSignal): Promise<Readable> {
  const { deadlineMs } = client
  const late = new AbortController()
  const onLate = (): void => late.abort(client.tooLate('beginning the build', deadlineMs))
  const timer = setTimeout(onLate, deadlineMs)
  const taken = new Transform({
    transform(chunk, _encoding, done) {
      timer.refresh()
      done(null, chunk)
    },
  })
  // What breaks the context is told by its own listener.
  pipeline(options.context, taken, () => {})
  try {
    const answer = await client.docker.buildImage(taken, {
      ...query(options),
      abortSignal: unprinted(AbortSignal.any([signal, late.signal])),
    })
    return answer as Readable
  } catch (error) {
    throw late.signal.aborted ? late.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

function query(options: BuildOptions): Dockerode.ImageBuildOptions {
  return {
    // As a number: for '2' in quotes the driver opens a registry session with gRPC, which we have no use for.
    version: 2 as unknown as '2',
    dockerfile: options.dockerfile,
    buildargs: { ...options.buildArgs },
    labels: { ...options.labels },
    ...(options.tag === undefined ? {} : { t: options.tag }),
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(options.noCache === true ? { nocache: true } : {}),
  }
}

async function follow(
  stream: AsyncIterable<Buffer>,
  { onLine, hide }: Pick<BuildOptions, 'onLine' | 'hide'>,
): Promise<{ imageId: string }> {
  const progress = new BuildProgress(onLine, hide)
  let imageId: string | undefined
  for await (const line of lines(stream)) {
    if (line.trim() === '') continue
    const message = JSON.parse(line) as Message
    if (message.error !== undefined) {
      progress.finish()
      throw buildFailure(message.error, progress.failed)
    }
    if (message.id === 'moby.buildkit.trace') progress.apply(readBuildTrace(String(message.aux)))
    if (message.id === 'moby.image.id') imageId = (message.aux as { ID?: string }).ID
  }
  progress.finish()
  if (imageId === undefined) throw new Error('The build ended without an image and without an error')
  return { imageId }
}

type Message = { readonly id?: string; readonly aux?: unknown; readonly error?: string }
