import protobuf from 'protobufjs/minimal.js'

/** One step of a build, as far as it has come. */
export type Vertex = {
  readonly digest: string
  readonly name: string
  readonly cached: boolean
  readonly started: boolean
  readonly completed: boolean
  readonly error: string
}

/** A piece of a step's output: bytes as they came, not lines. */
export type VertexOutput = { readonly vertex: string; readonly stream: number; readonly bytes: Uint8Array }

/** What one message of BuildKit's progress tells. */
export type BuildTrace = { readonly vertices: readonly Vertex[]; readonly output: readonly VertexOutput[] }

/**
 * Reads a `moby.buildkit.trace` message (`StatusResponse` of BuildKit's control.proto). Fields that we do not show
 * are skipped. By hand with protobufjs's reader, since its reflection costs 7 MB.
 */
export function readBuildTrace(base64: string): BuildTrace {
  const vertices: Vertex[] = []
  const output: VertexOutput[] = []
  readFields(protobuf.Reader.create(Buffer.from(base64, 'base64')), {
    1: (reader) => vertices.push(readVertex(nested(reader))),
    3: (reader) => output.push(readOutput(nested(reader))),
  })
  return { vertices, output }
}

function readVertex(reader: protobuf.Reader): Vertex {
  const vertex: Mutable<Vertex> = {
    digest: '',
    name: '',
    cached: false,
    started: false,
    completed: false,
    error: '',
  }
  readFields(reader, {
    1: (field) => (vertex.digest = field.string()),
    3: (field) => (vertex.name = field.string()),
    4: (field) => (vertex.cached = field.bool()),
    5: (field) => (vertex.started = field.bytes().length >= 0),
    6: (field) => (vertex.completed = field.bytes().length >= 0),
    7: (field) => (vertex.error = field.string()),
  })
  return vertex
}

function readOutput(reader: protobuf.Reader): VertexOutput {
  const output: Mutable<VertexOutput> = { vertex: '', stream: 1, bytes: Buffer.alloc(0) }
  readFields(reader, {
    1: (field) => (output.vertex = field.string()),
    3: (field) => (output.stream = field.int32()),
    4: (field) => (output.bytes = field.bytes()),
  })
  return output
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const nested = (reader: protobuf.Reader): protobuf.Reader => protobuf.Reader.create(reader.bytes())

function readFields(
  reader: protobuf.Reader,
  fields: Readonly<Record<number, (reader: protobuf.Reader) => unknown>>,
): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const read = fields[tag >>> 3]
    if (read === undefined) reader.skipType(tag & 7)
    else read(reader)
  }
}
