import type { TestInstance } from '../../test/instance.ts'
import { type Files, makeRepository, type Repository } from '../../test/repository.ts'

/** Pushes `files` as the first release of `app`. Throws where it is refused. */
export async function deployApp(paas: TestInstance, app: string, files: Files): Promise<Repository> {
  const repository = await makeRepository(files)
  const push = await repository.push(paas, app)
  if (push.exitCode === 0) return repository
  repository[Symbol.dispose]()
  throw new Error(`The first push of ${app} was refused:\n${push.stderr}`)
}
