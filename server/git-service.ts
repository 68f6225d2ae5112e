import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { assertRight } from './access.ts'
import { deployPush, repositoryOf } from './deploy/push.ts'
import { assertNameFree } from './domain-change.ts'
import { NoSuchAppError, UserError } from './errors.ts'
import { createRepository, deleteRef, moveRef, noObject, setHead } from './git/git.ts'
import type { Update, Verdict } from './git/proc-receive.ts'
import { type Push, receivePack } from './git/receive-pack.ts'
import { appNameOf } from './git/repository-path.ts'
import { checkTree } from './git/tree.ts'
import { uploadPack } from './git/upload-pack.ts'
import { Output, presentable } from './output.ts'
import type { Paas } from './paas.ts'
import { findVisible } from './resolve-app.ts'
import type { Session } from './ssh/session.ts'
import { type App, parseAppName } from './state/apps.ts'
import type { User } from './state/people.ts'

/** Serves what a git client asks for; undefined where `words` are no git command. */
export async function serveGit(
  paas: Paas,
  session: Session,
  user: User,
  words: readonly string[],
): Promise<number | undefined> {
  const [service, path = ''] = words
  if (service === 'git-upload-pack') {
    const app = findVisible(paas.store, user, appNameOf(path))
    if (!app) throw new NoSuchAppError(appNameOf(path))
    assertRight(paas.store, user, 'view', app)
    return uploadPack({ repository: await ensureRepository(paas, app), session })
  }
  if (service === 'git-receive-pack') return receive(paas, session, user, appNameOf(path))
  if (service?.startsWith('git-')) {
    throw new UserError(`${service} is not served here`, {
      next: service.startsWith('git-lfs')
        ? 'Git LFS is not supported: git lfs migrate export --everything --include="*", then push'
        : 'Use git push, fetch or clone',
    })
  }
  return undefined
}

async function receive(paas: Paas, session: Session, user: User, name: string): Promise<number> {
  const known = findVisible(paas.store, user, name)
  const app = known ?? createApp(paas, user, name)
  assertRight(paas.store, user, 'develop', app)
  let pushed = false
  try {
    return await receivePack({
      repository: await ensureRepository(paas, app),
      session,
      onPush: (push) => {
        pushed = true
        return onPush(paas, user, app.id, push)
      },
      onError: (ref, error) =>
        paas.log(`Internal error (${ref}): ${error instanceof Error ? error.stack : String(error)}`),
    })
  } finally {
    if (!known && !pushed) await forget(paas, app)
  }
}

/** An app that this push would have created, had anything been pushed. */
async function forget(paas: Paas, app: App): Promise<void> {
  await rm(repositoryOf(paas, app), { recursive: true, force: true })
  paas.store.apps.delete(app.id)
}

/**
 * Judges each branch: the deploy branch is deployed and moves with its release; another is stored. An atomic push
 * stands or falls with the deploy.
 */
async function onPush(paas: Paas, user: User, appId: string, push: Push): Promise<readonly Verdict[]> {
  const out = new Output({ stdout: push.progress, stderr: push.progress, terminal: false, headings: true })
  const deployed = deployUpdate(paas.store.apps.byId(appId), push.updates)
  const verdicts: Verdict[] = []
  const ordered = [...push.updates].sort((a, b) => Number(b === deployed) - Number(a === deployed))
  for (const update of ordered) {
    const failed = verdicts.some((verdict) => !verdict.ok)
    verdicts.push(
      push.atomic && failed
        ? { ref: update.ref, ok: false, reason: 'atomic push: another ref was refused' }
        : await judge(
            paas,
            out,
            async () => {
              if (update === deployed) {
                await deployPush(paas, {
                  appId,
                  ...update,
                  who: user.name,
                  progress: out,
                  signal: push.signal,
                })
              } else await store(paas, out, appId, update, push.signal)
              return update.ref
            },
            update.ref,
          ),
    )
  }
  return verdicts
}

async function judge(paas: Paas, out: Output, work: () => Promise<string>, ref: string): Promise<Verdict> {
  try {
    return { ref: await work(), ok: true }
  } catch (thrown) {
    const error = presentable(thrown, paas.log)
    out.error(error)
    return { ref, ok: false, reason: error.message.split('\n')[0] ?? 'refused' }
  }
}

/** The update that deploys: of the deploy branch, or before there is one of the first of main and master. */
function deployUpdate(app: App, updates: readonly Update[]): Update | undefined {
  const candidates = app.deployBranch === null ? ['main', 'master'] : [app.deployBranch]
  const refs = candidates.map((branch) => `refs/heads/${branch}`)
  return refs.flatMap(
    (ref) => updates.find((update) => update.ref === ref && update.to !== noObject) ?? [],
  )[0]
}

async function store(
  paas: Paas,
  out: Output,
  appId: string,
  update: Update,
  signal: AbortSignal,
): Promise<void> {
  const app = paas.store.apps.byId(appId)
  const repository = repositoryOf(paas, app)
  const branch = update.ref.replace('refs/heads/', '')
  if (update.to === noObject) {
    if (branch === app.deployBranch) {
      throw new UserError(`${branch} is the deploy branch and stays`, {
        next: 'Another one: git:set deploy-branch NAME',
      })
    }
    await deleteRef(repository, { ref: update.ref, from: update.from })
    out.step(`${branch} is deleted`)
    return
  }
  await checkTree(repository, update.to, signal)
  await moveRef(repository, { ref: update.ref, from: update.from, to: update.to })
  out.step(
    `${branch} is stored and not deployed: the deploy branch is ${app.deployBranch ?? 'main or master'}`,
  )
}

/** Makes an app of which `user` is the admin. */
export function createApp(paas: Paas, user: User, name: string): App {
  return paas.store.transaction(() => {
    assertNameFree(paas, parseAppName(name))
    const app = paas.store.apps.create(name)
    paas.store.people.grant(app.id, user.id, 'admin')
    return app
  })
}

async function ensureRepository(paas: Paas, app: App): Promise<string> {
  const path = repositoryOf(paas, app)
  if (!existsSync(path)) {
    await createRepository(path)
    await setHead(path, `refs/heads/${app.deployBranch ?? 'main'}`)
  }
  return path
}
