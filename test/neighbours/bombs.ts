import { execa } from 'execa'
import type { Repository } from '../repository.ts'

/** A commit whose push is small and whose tree is not: its id, and what the refusal says. */
export type Bomb = readonly [commit: string, refusal: string]

/** 10^10 paths in some hundred bytes. */
export async function pathsBomb(repository: Repository): Promise<Bomb> {
  const blob = await written(repository, ['hash-object', '-w', '--stdin'], 'text\n')
  const names = Array.from({ length: 10 }, (_, index) => `d${index}`)
  let below = await tree(
    repository,
    names.map((name) => `100644 blob ${blob}\t${name}`),
  )
  for (let depth = 0; depth < 9; depth++)
    below = await tree(
      repository,
      names.map((name) => `040000 tree ${below}\t${name}`),
    )
  return [await commit(repository, below), 'The tree has more than 100,000 files and folders']
}

/** More zeros than a tree may have bytes, in some megabytes. */
export async function zerosBomb(repository: Repository): Promise<Bomb> {
  const { stdout: blob } = await execa({
    cwd: repository.path,
    shell: true,
  })`head -c 2200M /dev/zero | git hash-object -w --stdin`
  const below = await tree(repository, [`100644 blob ${blob}\tzeros`])
  return [await commit(repository, below), 'GiB']
}

const tree = (repository: Repository, entries: readonly string[]): Promise<string> =>
  written(repository, ['mktree'], `${entries.join('\n')}\n`)

async function commit(repository: Repository, root: string): Promise<string> {
  const { stdout: id } = await repository.git(['commit-tree', '-m', 'A bomb', root])
  // What pushes it has nothing to compress any more.
  await repository.git(['update-ref', 'refs/heads/bomb', id])
  await repository.git(['repack', '-a', '-d', '-q'])
  return id
}

async function written(repository: Repository, words: readonly string[], input: string): Promise<string> {
  const { stdout } = await execa('git', words, { cwd: repository.path, input })
  return stdout
}
