import type { Session } from '../ssh/session.ts'
import { converse } from './conversation.ts'
import { startGit } from './git.ts'

/** Serves a clone or fetch, protocol versions 0 to 2. Returns git's exit code. */
export async function uploadPack(options: {
  readonly repository: string
  readonly session: Session
}): Promise<number> {
  const { repository, session } = options
  const child = startGit(repository, ['upload-pack', '--strict', '.'], {
    detached: true,
    protocol: session.environment.GIT_PROTOCOL,
    cpuSeconds: 600,
  })
  return converse(child, session)
}
