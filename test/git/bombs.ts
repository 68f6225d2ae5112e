import { execa } from 'execa'
import type { Repository } from '../repository.ts'

/** A commit whose push is small and whose tree is not: its id, and what the refusal says. */
export type Bomb = readonly [commit: string, refusal: string]

export async function pathsBomb(repository: Repository): Promise<Bomb> {
  const root = await unfoldingTree(repository.path)
  return [await commit(repository, root), 'The tree has more than 100,000 files and folders']
}

/** More zeros than a tree may have bytes, in some megabytes. */
export async function zerosBomb(repository: Repository): Promise<Bomb> {
  const { stdout: blob } = await execa({
    cwd: repository.path,
    shell: true,
  })`head -c 2200M /dev/zero | git hash-object -w --stdin`
  const root = await written(repository.path, ['mktree'], `100644 blob ${blob}\tzeros\n`)
  return [await commit(repository, root), 'GiB']
}

/** Writes a tree of 10^10 paths, some hundred bytes, into the repository in `folder`; returns its id. */
export async function unfoldingTree(folder: string): Promise<string> {
  const tenTimes = (entry: string): Promise<string> =>
    written(folder, ['mktree'], Array.from({ length: 10 }, (_, index) => `${entry}\td${index}\n`).join(''))
  const blob = await written(folder, ['hash-object', '-w', '--stdin'], 'text\n')
  let below = await tenTimes(`100644 blob ${blob}`)
  for (let depth = 0; depth < 9; depth++) below = await tenTimes(`040000 tree ${below}`)
  return below
}

async function commit(repository: Repository, root: string): Promise<string> {
  const { stdout: id } = await repository.git(['commit-tree', '-m', 'A bomb', root])
  // What pushes it has nothing to compress any more.
  await repository.git(['update-ref', 'refs/heads/bomb', id])
  await repository.git(['repack', '-a', '-d', '-q'])
  return id
}

async function written(folder: string, words: readonly string[], input: string): Promise<string> {
  const { stdout } = await execa('git', words, { cwd: folder, input })
  return stdout
}
