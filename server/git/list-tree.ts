import { finished, startGit } from './git.ts'
import { objectName } from './object-name.ts'

export type TreeEntry = {
  readonly mode: string
  readonly type: 'blob' | 'tree' | 'commit'
  readonly object: string
  /** Bytes of a blob, else 0. */
  readonly size: number
  readonly path: Buffer
}

/**
 * Every entry of a commit's tree, parents before children, as many at a time as git has written. Nothing of the tree is
 * held, and leaving the loop ends git, so a tree of any size may be counted.
 */
export async function* listTree(
  repository: string,
  commit: string,
  options: { readonly signal?: AbortSignal; readonly cpuSeconds?: number } = {},
): AsyncGenerator<readonly TreeEntry[], void, undefined> {
  const child = startGit(repository, ['ls-tree', '-r', '-t', '-z', '-l', '--full-tree', objectName(commit)], {
    ...options,
    dataBytes: 512 * 1024 * 1024,
    detached: true,
  })
  child.stdin.end()
  const done = finished(child, 'ls-tree')
  done.catch(() => {})
  try {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const entries: TreeEntry[] = []
      let start = 0
      for (let end = data.indexOf(0); end >= 0; end = data.indexOf(0, start)) {
        entries.push(treeEntry(data.subarray(start, end)))
        start = end + 1
      }
      rest = data.subarray(start)
      yield entries
    }
    await done
  } finally {
    // It only reads.
    child.kill('SIGKILL')
  }
}

/** `MODE TYPE OBJECT SIZE<tab>PATH`, the size at the right of its column, `-` for what is no blob. */
function treeEntry(line: Buffer): TreeEntry {
  const tab = line.indexOf(9)
  const [mode = '', type = '', object = '', ...size] = line.toString('latin1', 0, tab).split(' ')
  return {
    mode,
    type: type as TreeEntry['type'],
    object,
    size: type === 'blob' ? Number(size.at(-1)) : 0,
    path: line.subarray(tab + 1),
  }
}
