import { readArchive, staysInside } from '../archive/archive.ts'
import { assertRoom } from '../disk/assert-room.ts'
import { InterruptedError, PaasError, UserError } from '../errors.ts'
import { commitTree, treeOf } from '../git/commits.ts'
import { type ImportedFile, importFiles } from '../git/import-files.ts'
import { noObject } from '../git/object-name.ts'
import { resolve } from '../git/refs.ts'
import { treeLimits } from '../git/tree.ts'
import { enter } from '../git/visits.ts'
import type { Paas } from '../paas.ts'
import type { DeployRequest } from './deploy.ts'
import { deployPush } from './push.ts'
import { ensureRepository } from './repository.ts'

export type ArchiveRequest = Omit<DeployRequest, 'kind'> & {
  readonly archive: AsyncIterable<Buffer>
  /** For the commit: `blog.tar.gz of example.com`. */
  readonly from: string
}

/**
 * The files of a tar or tar.gz become a commit on the deploy branch, which is deployed as a push of it is. A folder
 * that all of them lie in is left away. Throws with the branch where it was.
 */
export async function deployArchive(paas: Paas, request: ArchiveRequest): Promise<void> {
  const { archive, from, appId, who, progress, signal } = request
  await assertRoom(paas)
  const app = paas.store.apps.byId(appId)
  const repository = await ensureRepository(paas, app)
  await using visit = await enter(repository)
  try {
    progress.step(`Reading ${from}`)
    const files = new Files(readArchive(archive, treeLimits))
    const message = `Archive ${from}`
    const imported = await importFiles(repository, files.each(), { who, message, signal })
    const folder = files.topFolder()
    const tree = folder === undefined ? imported : await treeOf(repository, imported, folder)
    const ref = `refs/heads/${app.deployBranch ?? 'main'}`
    const parent = await resolve(repository, ref)
    const to = await commitTree(repository, { tree: tree ?? imported, parent, who, message })
    await deployPush(paas, { ...request, ref, from: parent ?? noObject, to })
  } catch (error) {
    visit.leavesObjects()
    throw signal.aborted && !(error instanceof PaasError) ? new InterruptedError() : error
  }
}

/** Looks at what passes: whether all lies in one folder, and what a link means once that is left away. */
class Files {
  readonly #files: AsyncIterable<ImportedFile>
  readonly #links: { readonly path: string; readonly link: string }[] = []
  readonly #tops = new Set<string>()

  constructor(files: AsyncIterable<ImportedFile>) {
    this.#files = files
  }

  async *each(): AsyncGenerator<ImportedFile> {
    for await (const file of this.#files) {
      const at = file.path.indexOf('/')
      this.#tops.add(at < 0 ? '' : file.path.slice(0, at))
      if ('link' in file) this.#links.push(file)
      yield file
    }
    if (this.#tops.size === 0)
      throw new UserError('The archive has no files', { next: 'Make it with: git archive HEAD' })
  }

  /** undefined: some lie beside the others. */
  topFolder(): string | undefined {
    const [folder = '', ...others] = this.#tops
    if (others.length > 0 || folder === '') return undefined
    const leaving = this.#links.find(({ path, link }) => !staysInside(path.slice(folder.length + 1), link))
    if (leaving === undefined) return folder
    throw new UserError(
      `The archive is refused: the link ${JSON.stringify(leaving.path)} leaves its folder`,
      {
        next: 'Make it with: git archive HEAD',
      },
    )
  }
}
