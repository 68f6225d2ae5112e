import { createRequire } from 'node:module'
import type Dockerode from 'dockerode'

const require = createRequire(import.meta.url)

/**
 * dockerode's class, loaded without gRPC and protobuf's reflection: it requires them for registry sessions, which
 * we never open, and they cost 12 MB in every process. Whoever touches one of them still gets the real one.
 */
export const DockerodeClient: typeof Dockerode = loadWithout(
  ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs'],
  'dockerode',
)

function loadWithout<T>(heavy: readonly string[], name: string): T {
  const fromPackage = createRequire(require.resolve(name))
  const stubbed = heavy
    .map((dependency) => fromPackage.resolve(dependency))
    .filter((file) => require.cache[file] === undefined)
  for (const file of stubbed) {
    const stub = { exports: loadedOnFirstUse(() => require(file) as object) }
    require.cache[file] = stub as NodeJS.Module
  }
  try {
    return require(name) as T
  } finally {
    for (const file of stubbed) delete require.cache[file]
  }
}

function loadedOnFirstUse(load: () => object): object {
  return new Proxy({}, { get: (_, property) => Reflect.get(load(), property) as unknown })
}
