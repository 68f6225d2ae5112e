import { assertRight } from './access.ts'
import { createApp } from './deploy/create-app.ts'
import { detachPush } from './deploy/detach-push.ts'
import { deployPush } from './deploy/push.ts'
import { ensureRepository, repositoryOf } from './deploy/repository.ts'
import { assertRoom } from './disk/assert-room.ts'
import { exitCode, NoSuchAppError, type PaasError, UserError } from './errors.ts'
import { auditRefused } from './events/audit-refused.ts'
import { audited } from './events/audited.ts'
import { noObject } from './git/object-name.ts'
import { atomicReason, type Update, type Verdict } from './git/proc-receive.ts'
import { type Push, receivePack } from './git/receive-pack.ts'
import { deleteRef, hasRefs, moveRef } from './git/refs.ts'
import { removeRepository } from './git/remove-repository.ts'
import { appNameOf } from './git/repository-path.ts'
import { checkTree } from './git/tree.ts'
import { uploadPack } from './git/upload-pack.ts'
import { isVisited } from './git/visits.ts'
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
  const attempt = { paas, session, what: `git push ${parseAppName(name)}`, app: known }
  if (known) await auditRefused(attempt, () => assertRight(paas.store, user, 'develop', known))
  // Before the objects come: they are what would fill it.
  await assertRoom(paas)
  let code: number = exitCode.done
  await audited(attempt, async () => {
    const done = await receiveInto(paas, session, user, { name, known })
    code = done.code
    // git itself counts a refused branch as a push that went well.
    return code || (done.refused ? exitCode.failed : exitCode.done)
  })
  return code
}

async function receiveInto(
  paas: Paas,
  session: Session,
  user: User,
  { name, known }: { readonly name: string; readonly known: App | undefined },
): Promise<{ readonly code: number; readonly refused: boolean }> {
  const app = known ?? createApp(paas, { name, owner: user })
  let pushed = false
  let refused = false
  try {
    const code = await receivePack({
      repository: await ensureRepository(paas, app),
      session,
      onPush: async (push) => {
        pushed = true
        const verdicts = await onPush(paas, { user, key: session.person.fingerprint }, app.id, push)
        refused = verdicts.some(({ ok }) => !ok)
        return verdicts
      },
      onError: (ref, error) =>
        paas.log(`Internal error (${ref}): ${error instanceof Error ? error.stack : String(error)}`),
    })
    return { code, refused }
  } finally {
    if (!known && !pushed) await forgetIfEmpty(paas, app)
  }
}

/** An app that this push would have created, had anything been pushed; tags and other people's pushes count. */
async function forgetIfEmpty(paas: Paas, app: App): Promise<void> {
  const repository = repositoryOf(paas, app)
  if ((await hasRefs(repository)) || isVisited(repository)) return
  paas.store.apps.delete(app.id)
  await removeRepository(repository)
}

/**
 * Judges each branch: the deploy branch is deployed and moves with its release, with `-o detach` behind the push;
 * another is stored. All are checked
 * before anything changes, so that an atomic push stands or falls as a whole.
 */
async function onPush(
  paas: Paas,
  { user, key }: { readonly user: User; readonly key: string },
  appId: string,
  push: Push,
): Promise<readonly Verdict[]> {
  const out = new Output({ stdout: push.progress, stderr: push.progress, terminal: false, headings: true })
  const deployed = deployUpdate(paas.store.apps.byId(appId), push.updates)
  const others = push.updates.filter((update) => update !== deployed)
  const refusals = new Map<Update, string>()
  const detach = push.options.includes('detach')
  for (const option of push.options.filter((each) => each !== 'detach'))
    out.trouble(`The push option "${option.slice(0, 40)}" says nothing here; known: detach`)
  let detached: string | undefined
  const attempt = async (update: Update, work: () => Promise<void>): Promise<void> => {
    if (refusals.has(update) || (push.atomic && refusals.size > 0)) return
    try {
      await work()
    } catch (thrown) {
      const error = presentable(thrown, paas.log)
      refusals.set(update, reasonOf(error))
      out.error(error)
      if (update === deployed && paas.store.apps.exists(appId)) out.detail(whatStays(paas, appId))
    }
  }

  for (const update of others) await attempt(update, () => assertStorable(paas, appId, update, push.signal))
  if (deployed) {
    const request = { appId, ...deployed, who: user.name, key }
    await attempt(deployed, async () => {
      if (detach && push.atomic && others.length > 0)
        throw new UserError('An atomic push cannot be detached: its deploy may still fail', {
          next: `Push the branch alone: git push -o detach paas ${branchOf(deployed)}`,
        })
      if (!detach) return await deployPush(paas, { ...request, progress: out, signal: push.signal })
      const { id, ref } = await detachPush(paas, request)
      detached = ref
      const holder = paas.jobs.find(id)?.waitsFor
      const how = holder ? `waits for ${holder.who} (${holder.what})` : 'goes on'
      out.step(`Deploy ${id} ${how}; follow it: ssh paas deploys:attach ${id}`)
      out.detail(`${branchOf(deployed)} moves once it serves`)
    })
  }
  for (const update of others) await attempt(update, () => store(paas, out, appId, update))
  return push.updates.map((update): Verdict => {
    const reason = refusals.get(update) ?? (push.atomic && refusals.size > 0 ? atomicReason : undefined)
    if (reason !== undefined) return { ref: update.ref, ok: false, reason }
    return { ref: update.ref, ok: true, ...(update === deployed && detached ? { as: detached } : {}) }
  })
}

/** For git's own line, which stands below the whole message: as many clauses as fit beside the branch. */
function reasonOf(error: PaasError): string {
  const message = error.message.split('\n')[0] ?? ''
  if (message.length <= longestReason) return message
  const short = message.slice(0, longestReason)
  const clause = /^(.{12,}?)(?:: | \(|; ).*$/.exec(short)?.[1]
  return clause ?? `${short.replace(/\s+\S*$/, '')} ...`
}

const longestReason = 80

function whatStays(paas: Paas, appId: string): string {
  const app = paas.store.apps.byId(appId)
  if (app.release === null) return `${app.name} stays, without a release: correct it and push again`
  return app.stopped ? `v${app.release} stays` : `v${app.release} keeps serving`
}

/** The update that deploys: of the deploy branch, or before there is one of the first of main and master. */
function deployUpdate(app: App, updates: readonly Update[]): Update | undefined {
  const candidates = app.deployBranch === null ? ['main', 'master'] : [app.deployBranch]
  const refs = candidates.map((branch) => `refs/heads/${branch}`)
  return refs.flatMap(
    (ref) => updates.find((update) => update.ref === ref && update.to !== noObject) ?? [],
  )[0]
}

async function assertStorable(paas: Paas, appId: string, update: Update, signal: AbortSignal): Promise<void> {
  const app = paas.store.apps.byId(appId)
  if (update.to !== noObject) await checkTree(repositoryOf(paas, app), update.to, signal)
  else if (branchOf(update) === app.deployBranch) {
    throw new UserError(`${app.deployBranch} is the deploy branch and stays`, {
      next: `Choose another one first: git:set ${app.name} deploy-branch NAME`,
    })
  }
}

async function store(paas: Paas, out: Output, appId: string, update: Update): Promise<void> {
  const app = paas.store.apps.byId(appId)
  const repository = repositoryOf(paas, app)
  if (update.to === noObject) {
    await deleteRef(repository, update)
    out.step(`${branchOf(update)} is deleted`)
    return
  }
  await moveRef(repository, update)
  out.step(
    `${branchOf(update)} is stored and not deployed: the deploy branch is ${app.deployBranch ?? 'main or master'}`,
  )
}

const branchOf = (update: Update): string => update.ref.replace('refs/heads/', '')
