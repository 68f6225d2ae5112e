import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { makeRepository, type Repository } from '../repository.ts'

/** A developer's repository with a copy of `examples/NAME`, committed. */
export async function exampleRepository(name: string): Promise<Repository> {
  return await repositoryOf(join(import.meta.dirname, '..', '..', 'examples', name))
}

/** The same of any folder. */
export async function repositoryOf(folder: string): Promise<Repository> {
  const repository = await makeRepository()
  await cp(folder, repository.path, { recursive: true })
  await repository.commit({})
  return repository
}
