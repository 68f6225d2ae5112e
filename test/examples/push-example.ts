import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { TestInstance } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')

/** A developer's repository with a copy of `examples/NAME`. */
export async function exampleRepository(name: string): Promise<Repository> {
  const repository = await makeRepository()
  cpSync(join(examples, name), repository.path, { recursive: true })
  await repository.commit({})
  return repository
}

/** Pushes a copy of `examples/NAME` as `app`; throws with what git printed where it is refused. */
export async function pushExample(paas: TestInstance, name: string, app: string): Promise<string> {
  using repository = await exampleRepository(name)
  const push = await repository.push(paas, app)
  if (push.exitCode !== 0) throw new Error(push.stderr)
  return push.stderr
}
