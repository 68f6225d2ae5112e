import { createRequire } from 'node:module'
import type Dockerode from 'dockerode'

const require = createRequire(import.meta.url)

/**
 * dockerode's class, loaded without gRPC, protobuf's reflection and tar-fs: it requires them for registry sessions
 * and contexts from folders, which we do not use, and they cost 9 MB. Whoever touches one still gets the real one.
 */
export const DockerodeClient: typeof Dockerode = loadWithout(
  ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'tar-fs'],
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
