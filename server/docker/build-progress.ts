import { StringDecoder } from 'node:string_decoder'
import type { BuildTrace, Vertex, VertexOutput } from './buildkit-trace.ts'

/** The step at which a build failed. */
export type FailedStep = {
  readonly name: string
  readonly error: string
  readonly lastLines: readonly string[]
}

/**
 * Turns a build's progress into lines for people: a step's name when it starts (`CACHED` before it where nothing
 * ran), then its output in complete lines. Steps that run side by side are told apart by repeating the name.
 */
export class BuildProgress {
  readonly #onLine: (line: string) => void
  readonly #hide: (text: string) => string
  readonly #steps = new Map<string, Step>()
  #current: Step | undefined
  #failed: Step | undefined

  /** @param hide takes out of the steps' names and output what nobody is to see */
  constructor(onLine: (line: string) => void, hide: (text: string) => string = (text) => text) {
    this.#onLine = onLine
    this.#hide = hide
  }

  get failed(): FailedStep | undefined {
    const step = this.#failed
    return step && { name: step.name, error: step.error, lastLines: step.lastLines }
  }

  apply(trace: BuildTrace): void {
    for (const vertex of trace.vertices) this.#follow(vertex)
    for (const step of this.#steps.values()) this.#announce(step)
    for (const output of trace.output) this.#print(output)
    for (const vertex of trace.vertices) if (vertex.completed) this.#printRest(this.#steps.get(vertex.digest))
  }

  /** Prints what the steps wrote without a last newline. */
  finish(): void {
    for (const step of this.#steps.values()) this.#printRest(step)
  }

  #follow(vertex: Vertex): void {
    const step = this.#steps.get(vertex.digest) ?? newStep(this.#hide(vertex.name))
    this.#steps.set(vertex.digest, step)
    step.started ||= vertex.started
    step.cached ||= vertex.cached
    step.error ||= vertex.error
    // Steps that run beside the failed one end as cancelled: theirs is not the reason.
    if (vertex.error !== '' && !/context canceled/.test(vertex.error)) this.#failed ??= step
  }

  #announce(step: Step): void {
    if (!step.started || step.announced || noise.test(step.name)) return
    step.announced = true
    this.#current = step
    this.#onLine(step.cached ? `CACHED ${step.name}` : step.name)
  }

  #print(output: VertexOutput): void {
    const step = this.#steps.get(output.vertex)
    if (step === undefined) return
    const pending = step.pending.get(output.stream) ?? new PendingLines()
    step.pending.set(output.stream, pending)
    this.#printLines(step, pending.add(output.bytes))
  }

  #printRest(step: Step | undefined): void {
    if (step === undefined) return
    for (const pending of step.pending.values()) this.#printLines(step, pending.end())
    step.pending.clear()
  }

  #printLines(step: Step, lines: readonly string[]): void {
    if (lines.length > 0 && this.#current !== step) {
      this.#current = step
      this.#onLine(step.name)
    }
    for (const line of lines.map(this.#hide)) {
      step.lastLines.push(line)
      if (step.lastLines.length > 20) step.lastLines.shift()
      this.#onLine(line)
    }
  }
}

/** Steps that say nothing about one's app. */
const noise = /^(\[internal\]|copy \/context \/$|exporting to image|resolve image config)/

type Step = {
  readonly name: string
  readonly lastLines: string[]
  readonly pending: Map<number, PendingLines>
  started: boolean
  announced: boolean
  cached: boolean
  error: string
}

const newStep = (name: string): Step => ({
  name: name.replace(/\s+/g, ' '),
  lastLines: [],
  pending: new Map(),
  started: false,
  announced: false,
  cached: false,
  error: '',
})

class PendingLines {
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  add(bytes: Uint8Array): readonly string[] {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > longestLine) lines.push(this.#rest.slice(0, longestLine))
    if (this.#rest.length > longestLine) this.#rest = this.#rest.slice(longestLine)
    return lines.map(asShown)
  }

  end(): readonly string[] {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest === '' ? [] : [asShown(rest)]
  }
}

const longestLine = 64 * 1024

/** What a terminal would leave of a line that was overwritten after carriage returns. */
const asShown = (line: string): string => line.split('\r').findLast((part) => part !== '') ?? ''
